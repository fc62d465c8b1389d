-- As before (0005), but who joins an open intent with a reason of their own has it kept as well as their name.
CREATE OR REPLACE FUNCTION scidex_console.submit_intent(
    p_action text, p_job text, p_params jsonb, p_origin text, p_reason text, p_version text
) RETURNS SETOF scidex_console.intent
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer scidex_console.intent;
    name text := session_user || ' from ' || p_origin;
BEGIN
    LOOP
        INSERT INTO scidex_console.intent (action, job, params, operator, origin, reason, version)
        VALUES (p_action, p_job, p_params, session_user, p_origin, p_reason, p_version)
        ON CONFLICT (action, coalesce(job, ''), params)
            WHERE state IN ('requested', 'accepted', 'waiting') AND NOT cancel_requested
            DO NOTHING
        RETURNING * INTO answer;
        EXIT WHEN FOUND;
        -- The same is open already: join it. If it was settled in between, ask again. A script that asks in
        -- a loop does not fill the row: a hundred names are enough.
        UPDATE scidex_console.intent
        SET also_by = CASE
            WHEN (operator = session_user AND origin = p_origin) OR name = ANY (also_by) THEN also_by
            WHEN cardinality(also_by) >= 100 THEN also_by
            ELSE also_by || name END,
            reason = CASE
            WHEN (operator = session_user AND origin = p_origin) OR name = ANY (also_by) THEN reason
            WHEN p_reason IN ('', reason) OR length(reason) >= 4000 THEN reason
            ELSE concat_ws('; also: ', nullif(reason, ''), p_reason) END
        WHERE action = p_action AND coalesce(job, '') = coalesce(p_job, '') AND params = p_params
            AND state IN ('requested', 'accepted', 'waiting') AND NOT cancel_requested
        RETURNING * INTO answer;
        EXIT WHEN FOUND;
    END LOOP;
    PERFORM pg_notify('scidex_console', 'intent');
    RETURN NEXT answer;
END $$;
