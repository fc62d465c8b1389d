-- The only ways an operator writes. Who asks is the session's user, whatever the caller says; an operator's
-- role has these two functions and no right to change a table.

CREATE FUNCTION scidex_console.submit_intent(
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
            ELSE also_by || name END
        WHERE action = p_action AND coalesce(job, '') = coalesce(p_job, '') AND params = p_params
            AND state IN ('requested', 'accepted', 'waiting') AND NOT cancel_requested
        RETURNING * INTO answer;
        EXIT WHEN FOUND;
    END LOOP;
    PERFORM pg_notify('scidex_console', 'intent');
    RETURN NEXT answer;
END $$;
REVOKE ALL ON FUNCTION scidex_console.submit_intent FROM PUBLIC;

-- The intent as it then is; no row when there is none of that id. A settled one stays as it is.
CREATE FUNCTION scidex_console.cancel_intent(p_id bigint, p_origin text, p_version text)
RETURNS SETOF scidex_console.intent
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    answer scidex_console.intent;
BEGIN
    UPDATE scidex_console.intent SET cancel_requested = true
    WHERE id = p_id AND state IN ('requested', 'accepted', 'waiting') AND NOT cancel_requested
    RETURNING * INTO answer;
    IF FOUND THEN
        INSERT INTO scidex_console.audit (operator, origin, version, action, job, intent_id, before, after, outcome)
        VALUES (session_user, p_origin, p_version, 'cancel_intent', answer.job, p_id,
                jsonb_build_object('state', answer.state, 'cancel_requested', false),
                jsonb_build_object('state', answer.state, 'cancel_requested', true),
                'cancellation asked for');
        PERFORM pg_notify('scidex_console', 'intent');
        RETURN NEXT answer;
    ELSE
        RETURN QUERY SELECT * FROM scidex_console.intent WHERE id = p_id;
    END IF;
END $$;
REVOKE ALL ON FUNCTION scidex_console.cancel_intent FROM PUBLIC;
