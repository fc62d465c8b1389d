-- The guided soak: phases begun, looks at their checks, the clock's spans, and what people said. The engine alone
-- writes: people ask it by intents, under their own names.

-- What the engine goes by, written down so that every reader sees the same gate.
CREATE TABLE scidex_console.soak_rule (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    enforced boolean NOT NULL DEFAULT false,
    measured_every_s double precision NOT NULL DEFAULT 60,
    -- Failed commits are on record from here on.
    events_since timestamptz NOT NULL DEFAULT now()
);
INSERT INTO scidex_console.soak_rule DEFAULT VALUES;

CREATE TABLE scidex_console.soak_phase (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phase int NOT NULL CHECK (phase BETWEEN 0 AND 5),
    begun_at timestamptz NOT NULL DEFAULT now(),
    needed_s double precision NOT NULL,
    overridden boolean NOT NULL,
    operator text NOT NULL,
    origin text NOT NULL,
    reason text NOT NULL
);

-- Looks with one verdict. What counts is added up look by look, never taken from two times far apart.
CREATE TABLE scidex_console.soak_span (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phase_id bigint NOT NULL REFERENCES scidex_console.soak_phase,
    kind text NOT NULL CHECK (kind IN ('held', 'waited', 'failed')),
    began_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    counted_s double precision NOT NULL DEFAULT 0,
    why text NOT NULL DEFAULT ''
);
CREATE INDEX soak_span_by_phase ON scidex_console.soak_span (phase_id, id);

-- The last looks at each check; older ones go.
CREATE TABLE scidex_console.soak_measurement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phase_id bigint NOT NULL REFERENCES scidex_console.soak_phase,
    check_id text NOT NULL,
    at timestamptz NOT NULL,
    standing text NOT NULL,
    figure double precision,
    words text NOT NULL,
    fingerprint text NOT NULL
);
CREATE INDEX soak_measurement_by_check ON scidex_console.soak_measurement (phase_id, check_id, id DESC);

-- A person's word for a check, about the evidence that the fingerprint names.
CREATE TABLE scidex_console.soak_signoff (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phase_id bigint NOT NULL REFERENCES scidex_console.soak_phase,
    check_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    fingerprint text NOT NULL,
    evidence text NOT NULL,
    operator text NOT NULL,
    origin text NOT NULL,
    reason text NOT NULL CHECK (reason <> '')
);
CREATE INDEX soak_signoff_by_phase ON scidex_console.soak_signoff (phase_id, id);

CREATE TABLE scidex_console.soak_confirmation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phase_id bigint NOT NULL REFERENCES scidex_console.soak_phase,
    step_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    operator text NOT NULL,
    origin text NOT NULL,
    reason text NOT NULL CHECK (reason <> '')
);
CREATE INDEX soak_confirmation_by_phase ON scidex_console.soak_confirmation (phase_id, id);

-- Leave to begin a phase though the gate before it is shut: given once, from the phase then under way.
CREATE TABLE scidex_console.soak_override (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phase_id bigint REFERENCES scidex_console.soak_phase,
    phase int NOT NULL CHECK (phase BETWEEN 0 AND 5),
    at timestamptz NOT NULL DEFAULT now(),
    shut_by text[] NOT NULL,
    operator text NOT NULL,
    origin text NOT NULL,
    reason text NOT NULL CHECK (reason <> '')
);

-- `artifact_commit_failed`, as this engine's own commits fail.
CREATE TABLE scidex_console.commit_failure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    job text NOT NULL,
    run_id bigint,
    kind text NOT NULL,
    reason text NOT NULL,
    epoch bigint NOT NULL
);
CREATE INDEX commit_failure_by_time ON scidex_console.commit_failure (at);

-- What `verify` found, each time it was run while a phase is under way.
CREATE TABLE scidex_console.verification (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    checked int NOT NULL,
    broken text[] NOT NULL,
    operator text NOT NULL DEFAULT session_user,
    origin text NOT NULL,
    version text NOT NULL
);

CREATE TRIGGER phase_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.soak_phase
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();
CREATE TRIGGER signoff_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.soak_signoff
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();
CREATE TRIGGER confirmation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.soak_confirmation
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();
CREATE TRIGGER override_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.soak_override
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();
CREATE TRIGGER failure_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.commit_failure
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();
CREATE TRIGGER verification_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.verification
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();

-- `verify` reads as whoever runs it; what it found is on record under that name. Without a phase under way there
-- is nothing to be recorded for.
CREATE FUNCTION scidex_console.record_verification(p_checked int, p_broken text[], p_origin text, p_version text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM scidex_console.soak_phase) THEN
        RETURN false;
    END IF;
    INSERT INTO scidex_console.verification (checked, broken, operator, origin, version)
    VALUES (p_checked, p_broken, session_user, p_origin, p_version);
    PERFORM pg_notify('scidex_console', 'soak');
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION scidex_console.record_verification FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scidex_console.record_verification TO scidex_operator, scidex_engine;

GRANT SELECT ON scidex_console.soak_rule, scidex_console.soak_phase, scidex_console.soak_span,
    scidex_console.soak_measurement, scidex_console.soak_signoff, scidex_console.soak_confirmation,
    scidex_console.soak_override, scidex_console.commit_failure, scidex_console.verification
    TO scidex_viewer, scidex_engine;
GRANT INSERT ON scidex_console.soak_phase, scidex_console.soak_span, scidex_console.soak_measurement,
    scidex_console.soak_signoff, scidex_console.soak_confirmation, scidex_console.soak_override,
    scidex_console.commit_failure TO scidex_engine;
GRANT UPDATE (enforced, measured_every_s) ON scidex_console.soak_rule TO scidex_engine;
GRANT UPDATE (until_at, counted_s, why) ON scidex_console.soak_span TO scidex_engine;
GRANT DELETE ON scidex_console.soak_measurement TO scidex_engine;
