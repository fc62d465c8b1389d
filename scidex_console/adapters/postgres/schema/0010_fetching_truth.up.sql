-- What makes "dead" a fact: suspicion, control images, proofs. And what else fetching must not forget.
ALTER TABLE scidex_console.figure
    DROP CONSTRAINT figure_state_check,
    DROP CONSTRAINT figure_check,
    ADD CONSTRAINT figure_state_check CHECK (state IN ('due', 'suspected', 'staged', 'condemned', 'stored', 'dead',
        'transient', 'blocked', 'suspect', 'refused', 'held_back', 'no_url')),
    -- A suspected figure is asked once more at its time, unless a control decides before.
    ADD CONSTRAINT figure_due_check CHECK ((state IN ('due', 'suspected')) = (due_at IS NOT NULL)),
    -- When the present suspicion began; kept over trouble, forgotten with any answer that is not "gone".
    ADD COLUMN suspected_at timestamptz,
    -- The address that worked in place of a dead recorded one, and the rule that made it.
    ADD COLUMN resolved_url text NOT NULL DEFAULT '',
    ADD COLUMN resolved_by text NOT NULL DEFAULT '',
    -- The rewrite rules that were tried on this figure without success.
    ADD COLUMN rescue_tried text NOT NULL DEFAULT '';
CREATE INDEX figure_suspected ON scidex_console.figure (host_group, due_at) WHERE state = 'suspected';

-- Every control image asked for: a figure whose bytes are known, so that a host that has them answers truly.
CREATE TABLE scidex_console.control_check (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    host_group text NOT NULL,
    url text NOT NULL,
    sha256 text NOT NULL,
    result text NOT NULL CHECK (result IN ('passed', 'failed', 'unknown')),
    status int,
    reason text NOT NULL,
    requests int NOT NULL,
    epoch bigint NOT NULL
);
CREATE INDEX control_check_by_group ON scidex_console.control_check (host_group, id DESC);

-- How each "gone" was confirmed, by the attempt that said it.
CREATE TABLE scidex_console.death_proof (
    attempt_id bigint PRIMARY KEY,
    artifact_id text NOT NULL,
    proof text NOT NULL CHECK (proof IN ('control', 'second-pass', 'at-once')),
    control_id bigint,
    at timestamptz NOT NULL DEFAULT now(),
    CHECK ((proof = 'control') = (control_id IS NOT NULL))
);
CREATE INDEX death_proof_by_artifact ON scidex_console.death_proof (artifact_id);

CREATE TRIGGER control_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.control_check
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();
CREATE TRIGGER proof_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.death_proof
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();

-- How far HEAD is believed, by path pattern.
ALTER TABLE scidex_console.host_state ADD COLUMN head_trust jsonb NOT NULL DEFAULT '{}';

-- What the hosts' robots.txt said, and when it was read.
CREATE TABLE scidex_console.robots (
    origin text PRIMARY KEY,
    read_at timestamptz NOT NULL,
    status int NOT NULL,
    body text NOT NULL
);

GRANT SELECT ON scidex_console.control_check, scidex_console.death_proof, scidex_console.robots
    TO scidex_viewer, scidex_engine;
GRANT INSERT ON scidex_console.control_check, scidex_console.death_proof TO scidex_engine;
GRANT INSERT, UPDATE ON scidex_console.robots TO scidex_engine;
