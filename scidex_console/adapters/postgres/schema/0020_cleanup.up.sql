-- The clean-up: files that no row claims are decided about, each under `orphan:<path>` instead of an artifact's id.

ALTER TABLE scidex_console.triage_decision
    DROP CONSTRAINT triage_decision_decision_check,
    ADD CONSTRAINT triage_decision_decision_check CHECK (decision IN (
        'restore', 'accept', 'database-only', 'redownload', 'leave', 'undo', 'adopt', 'keep', 'delete')),
    -- What the decision needs besides, such as the type that files are adopted as.
    ADD COLUMN params jsonb NOT NULL DEFAULT '{}';
-- The row that an adoption registers; see domain/orphans.py.
ALTER TABLE scidex_console.operation ADD COLUMN registers jsonb;
CREATE INDEX operation_by_registered ON scidex_console.operation ((registers ->> 'id')) WHERE registers IS NOT NULL;

-- A decision about such files and its intent, in one go. The same that is asked for while it is open is joined.
CREATE FUNCTION scidex_console.decide_orphans(
    p_decision text, p_subjects text[], p_params jsonb, p_token text, p_origin text, p_reason text, p_version text
) RETURNS SETOF scidex_console.intent
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_id bigint;
BEGIN
    IF p_decision NOT IN ('adopt', 'keep', 'delete')
        OR EXISTS (SELECT FROM unnest(p_subjects) AS s WHERE NOT starts_with(s, 'orphan:')) THEN
        RAISE EXCEPTION 'only files that no row claims are adopted, kept or deleted';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('scidex_console.decide'));
    SELECT d.id INTO found_id
    FROM scidex_console.triage_decision AS d
    JOIN scidex_console.intent AS i ON i.action = 'triage' AND i.params ->> 'decision' = d.id::text
    WHERE i.state IN ('requested', 'accepted', 'waiting') AND NOT i.cancel_requested
        AND d.decision = p_decision AND d.artifact_ids = p_subjects AND d.params = p_params AND d.token = p_token;
    IF found_id IS NULL THEN
        INSERT INTO scidex_console.triage_decision
            (job, decision, artifact_ids, params, token, operator, origin, reason, version)
        VALUES ('folders', p_decision, p_subjects, p_params, p_token, session_user, p_origin, p_reason, p_version)
        RETURNING id INTO found_id;
    END IF;
    RETURN QUERY SELECT * FROM scidex_console.submit_intent(
        'triage', 'folders', jsonb_build_object('decision', found_id, 'kind', p_decision,
                                                'artifacts', cardinality(p_subjects)),
        p_origin, p_reason, p_version);
END $$;
REVOKE ALL ON FUNCTION scidex_console.decide_orphans FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scidex_console.decide_orphans TO scidex_operator;

-- The engine may insert and delete rows of `artifacts` in no other way than these: what its journal registers, and
-- takes back as long as it stands as it was registered. Each answers with what it did.
DO $do$
DECLARE
    place text := (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'artifacts'::regclass);
BEGIN
    EXECUTE format($create$
        CREATE FUNCTION scidex_console.register_adopted(p_batch bigint, p_besides text[]) RETURNS SETOF text
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, %1$s, pg_temp AS $$
        BEGIN
            RETURN QUERY
            WITH registered AS (
                INSERT INTO artifacts (id, artifact_id, artifact_type, title, metadata)
                SELECT o.registers ->> 'id', (o.registers ->> 'artifact_id')::uuid, o.registers ->> 'artifact_type',
                    o.registers ->> 'title', o.registers -> 'metadata'
                FROM scidex_console.operation AS o
                WHERE o.batch_id = p_batch AND o.state = 'prepared' AND o.registers IS NOT NULL
                    AND o.artifact_id <> ALL (p_besides)
                ON CONFLICT DO NOTHING
                RETURNING artifacts.id
            )
            SELECT o.artifact_id
            FROM scidex_console.operation AS o JOIN registered AS r ON r.id = o.registers ->> 'id'
            WHERE o.batch_id = p_batch;
        EXCEPTION WHEN integrity_constraint_violation THEN
            RETURN; -- SciDEX's table wants more of a row than is known of a file
        END $$
    $create$, place);
    EXECUTE format($create$
        CREATE FUNCTION scidex_console.disown_adopted(p_batch bigint) RETURNS SETOF text
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, %1$s, pg_temp AS $$
        BEGIN
            RETURN QUERY
            WITH disowned AS (
                DELETE FROM artifacts AS a
                USING scidex_console.operation AS o
                WHERE o.batch_id = p_batch AND o.state = 'done' AND a.id = o.registers ->> 'id'
                    AND scidex_console.row_stands(a, o.fields, o.after)
                RETURNING o.artifact_id AS subject, a.id
            ), forgotten AS (
                DELETE FROM scidex_console.folder AS f USING disowned AS d WHERE f.artifact_id = d.id
            )
            SELECT d.subject FROM disowned AS d;
        EXCEPTION WHEN integrity_constraint_violation THEN
            RETURN; -- something of SciDEX's refers to the row by now
        END $$
    $create$, place);
END $do$;
REVOKE ALL ON FUNCTION scidex_console.register_adopted, scidex_console.disown_adopted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scidex_console.register_adopted, scidex_console.disown_adopted TO scidex_engine;

-- A clean-up is on record under the name of whoever did it: what it removed, what it vacuumed, what is left.
CREATE FUNCTION scidex_console.record_cleanup(
    p_done jsonb, p_outcome text, p_origin text, p_reason text, p_version text, p_authorization text
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO scidex_console.audit (operator, origin, reason, version, authorization_ref, action, job, after, outcome)
    VALUES (session_user, p_origin, p_reason, p_version, p_authorization, 'cleanup', 'folders', p_done, p_outcome);
$$;
REVOKE ALL ON FUNCTION scidex_console.record_cleanup FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scidex_console.record_cleanup TO scidex_operator, scidex_engine;
