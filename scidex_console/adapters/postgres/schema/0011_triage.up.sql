-- Triage: what people decide about artifacts that wait for a person, and what became of each decision.
-- Both tables are append-only. An operator inserts a decision by `decide`, the engine its results.

CREATE TABLE scidex_console.triage_decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job text NOT NULL CHECK (job IN ('figures', 'folders')),
    decision text NOT NULL
        CHECK (decision IN ('restore', 'accept', 'database-only', 'redownload', 'leave', 'undo')),
    artifact_ids text[] NOT NULL CHECK (cardinality(artifact_ids) BETWEEN 1 AND 500),
    -- The decision that this one takes back.
    undoes bigint REFERENCES scidex_console.triage_decision,
    -- Of exactly the plan that was shown.
    token text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    operator text NOT NULL DEFAULT session_user,
    origin text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    version text NOT NULL,
    CHECK ((decision = 'undo') = (undoes IS NOT NULL))
);
CREATE INDEX triage_decision_by_artifact ON scidex_console.triage_decision USING gin (artifact_ids);
CREATE INDEX triage_decision_by_undone ON scidex_console.triage_decision (undoes) WHERE undoes IS NOT NULL;

CREATE TABLE scidex_console.triage_result (
    decision_id bigint NOT NULL REFERENCES scidex_console.triage_decision,
    artifact_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('applied', 'refused')),
    reason text NOT NULL DEFAULT '',
    before jsonb NOT NULL DEFAULT '{}',
    after jsonb NOT NULL DEFAULT '{}',
    batch_id bigint REFERENCES scidex_console.batch,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (decision_id, artifact_id)
);
CREATE INDEX triage_result_by_artifact ON scidex_console.triage_result (artifact_id, decision_id DESC);

CREATE TRIGGER triage_decision_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.triage_decision
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();
CREATE TRIGGER triage_result_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.triage_result
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();

ALTER TABLE scidex_console.batch
    ADD COLUMN decision_id bigint REFERENCES scidex_console.triage_decision;
CREATE UNIQUE INDEX batch_of_decision ON scidex_console.batch (decision_id) WHERE decision_id IS NOT NULL;
-- The file of a decision before and after; see domain/triage.py.
ALTER TABLE scidex_console.operation ADD COLUMN replacement jsonb;

-- A decision and its intent, in one go. The same that is asked for while it is open is joined.
CREATE FUNCTION scidex_console.decide(
    p_job text, p_decision text, p_artifact_ids text[], p_undoes bigint, p_token text, p_origin text,
    p_reason text, p_version text
) RETURNS SETOF scidex_console.intent
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_id bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('scidex_console.decide'));
    SELECT d.id INTO found_id
    FROM scidex_console.triage_decision AS d
    JOIN scidex_console.intent AS i ON i.action = 'triage' AND i.params ->> 'decision' = d.id::text
    WHERE i.state IN ('requested', 'accepted', 'waiting') AND NOT i.cancel_requested
        AND d.job = p_job AND d.decision = p_decision AND d.artifact_ids = p_artifact_ids
        AND d.undoes IS NOT DISTINCT FROM p_undoes AND d.token = p_token;
    IF found_id IS NULL THEN
        INSERT INTO scidex_console.triage_decision
            (job, decision, artifact_ids, undoes, token, operator, origin, reason, version)
        VALUES (p_job, p_decision, p_artifact_ids, p_undoes, p_token, session_user, p_origin, p_reason, p_version)
        RETURNING id INTO found_id;
    END IF;
    RETURN QUERY SELECT * FROM scidex_console.submit_intent(
        'triage', p_job, jsonb_build_object('decision', found_id, 'kind', p_decision,
                                            'artifacts', cardinality(p_artifact_ids)),
        p_origin, p_reason, p_version);
END $$;
REVOKE ALL ON FUNCTION scidex_console.decide FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scidex_console.decide TO scidex_operator;

GRANT SELECT ON scidex_console.triage_decision, scidex_console.triage_result TO scidex_viewer, scidex_engine;
GRANT INSERT ON scidex_console.triage_result TO scidex_engine;
