-- Everything of our own lives in one schema. `schema_version` is made by the runner itself.

-- The store's one engine: who holds it, by which epoch, and when it last lived.
CREATE TABLE scidex_console.engine (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch bigint NOT NULL DEFAULT 0,
    holder text NOT NULL DEFAULT '',
    running boolean NOT NULL DEFAULT false,
    started_at timestamptz,
    heartbeat_at timestamptz,
    version text NOT NULL DEFAULT '',
    writes boolean NOT NULL DEFAULT false,
    authorization_ref text NOT NULL DEFAULT '',
    environment text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    -- Number of paper figures at the last survey, so that nobody counts a table that is not ours. Which of
    -- them lack a file (`figure`, but for its stored and dead ones) and which are dead is known by row.
    figures_total bigint NOT NULL DEFAULT 0,
    surveyed_at timestamptz
);
INSERT INTO scidex_console.engine DEFAULT VALUES;

CREATE TABLE scidex_console.run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job text NOT NULL CHECK (job IN ('figures', 'folders')),
    state text NOT NULL CHECK (state IN ('planned', 'running', 'stepping', 'pausing', 'paused',
                                         'cancelling', 'halted', 'done', 'cancelled')),
    -- While stepping: how many more, and of what (a row, or a whole batch).
    steps_left int,
    step_unit text NOT NULL DEFAULT 'item' CHECK (step_unit IN ('item', 'cycle')),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    operator text NOT NULL,
    origin text NOT NULL,
    reason text NOT NULL DEFAULT '',
    waits_on text NOT NULL DEFAULT '',
    halt_reason text NOT NULL DEFAULT '',
    halt_bytes_needed bigint,
    reported_at timestamptz
);
-- A job has one open run at most.
CREATE UNIQUE INDEX run_open ON scidex_console.run (job)
    WHERE state NOT IN ('done', 'cancelled');
CREATE INDEX run_by_job ON scidex_console.run (job, id DESC);

CREATE TABLE scidex_console.intent (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action text NOT NULL,
    job text,
    -- Part of a unique index, whose entries have a greatest size.
    params jsonb NOT NULL DEFAULT '{}'
        CHECK (jsonb_typeof(params) = 'object' AND octet_length(params::text) <= 2000),
    state text NOT NULL DEFAULT 'requested'
        CHECK (state IN ('requested', 'accepted', 'waiting', 'done', 'refused', 'cancelled')),
    operator text NOT NULL DEFAULT session_user,
    origin text NOT NULL,
    reason text NOT NULL DEFAULT '',
    version text NOT NULL,
    also_by text[] NOT NULL DEFAULT '{}',
    waits_on text NOT NULL DEFAULT '',
    outcome text NOT NULL DEFAULT '',
    cancel_requested boolean NOT NULL DEFAULT false,
    requested_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz
);
-- Asking twice for the same is one intent: two consoles pressing the same key have one effect. One whose
-- cancellation is under way no longer counts: whoever asks after that gets an intent of their own.
CREATE UNIQUE INDEX intent_open ON scidex_console.intent (action, coalesce(job, ''), params)
    WHERE state IN ('requested', 'accepted', 'waiting') AND NOT cancel_requested;
CREATE INDEX intent_unsettled ON scidex_console.intent (id)
    WHERE state IN ('requested', 'accepted', 'waiting');

CREATE TABLE scidex_console.batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid uuid NOT NULL UNIQUE,
    job text NOT NULL CHECK (job IN ('figures', 'folders')),
    run_id bigint REFERENCES scidex_console.run,
    pass_no int NOT NULL DEFAULT 1,
    state text NOT NULL CHECK (state IN ('prepared', 'done', 'cleaned', 'rolling_back', 'rolled_back', 'empty')),
    epoch bigint NOT NULL,
    authorization_ref text NOT NULL DEFAULT '',
    base_commit text NOT NULL,
    commit_id text NOT NULL DEFAULT '',
    inverse_commit text NOT NULL DEFAULT '',
    outer_commit text NOT NULL DEFAULT '',
    push_state text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz
);
CREATE INDEX batch_unsettled ON scidex_console.batch (id)
    WHERE state IN ('prepared', 'done', 'rolling_back');
CREATE INDEX batch_unpushed ON scidex_console.batch (id)
    WHERE state IN ('cleaned', 'rolled_back') AND push_state NOT IN ('pushed', 'none');
CREATE INDEX batch_by_job ON scidex_console.batch (job, id DESC);

-- The journal: every row's image before and after, every file with its hash.
CREATE TABLE scidex_console.operation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id bigint NOT NULL REFERENCES scidex_console.batch,
    artifact_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('prepared', 'done', 'skipped', 'conflict', 'rolled_back', 'kept')),
    fields text[] NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    path text,
    sha256 text,
    size_bytes bigint,
    staged text,
    blob text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    UNIQUE (batch_id, artifact_id)
);
-- One open operation per artifact, over all batches.
CREATE UNIQUE INDEX operation_open ON scidex_console.operation (artifact_id) WHERE state = 'prepared';
CREATE INDEX operation_by_artifact ON scidex_console.operation (artifact_id, id DESC);

-- Every commit of ours, one row per (operation, kind): trailers and journal are one to one.
CREATE TABLE scidex_console.commit_record (
    op text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('apply', 'undo', 'compensate', 'pointer')),
    batch_id bigint NOT NULL REFERENCES scidex_console.batch,
    commit_id text NOT NULL,
    epoch bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (op, kind)
);

-- The gap of figures: one row per figure that lacked its file when it was surveyed.
CREATE TABLE scidex_console.figure (
    artifact_id text PRIMARY KEY,
    url text NOT NULL,
    host_group text NOT NULL,
    state text NOT NULL CHECK (state IN ('due', 'staged', 'condemned', 'stored', 'dead', 'transient', 'blocked',
                                         'suspect', 'refused', 'held_back', 'no_url')),
    due_at timestamptz,
    attempts int NOT NULL DEFAULT 0,
    last_attempt_id bigint,
    last_outcome text NOT NULL DEFAULT '',
    staged text NOT NULL DEFAULT '',
    sha256 text NOT NULL DEFAULT '',
    size_bytes bigint NOT NULL DEFAULT 0,
    extension text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'due') = (due_at IS NOT NULL))
);
CREATE INDEX figure_due ON scidex_console.figure (host_group, due_at, artifact_id) WHERE state = 'due';
-- What is scheduled for later, over all groups.
CREATE INDEX figure_due_at ON scidex_console.figure (due_at) WHERE state = 'due';
-- Due again after a failure, by the failure.
CREATE INDEX figure_failed_due ON scidex_console.figure (last_outcome) WHERE state = 'due' AND last_outcome <> '';
CREATE INDEX figure_prepared ON scidex_console.figure (changed_at, artifact_id) WHERE state IN ('staged', 'condemned');
CREATE INDEX figure_retryable ON scidex_console.figure (state, host_group, artifact_id)
    WHERE state IN ('transient', 'blocked', 'suspect', 'refused', 'held_back');

CREATE TABLE scidex_console.fetch_attempt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint REFERENCES scidex_console.run,
    artifact_id text NOT NULL,
    title text NOT NULL DEFAULT '',
    url text NOT NULL,
    final_url text NOT NULL DEFAULT '',
    host text NOT NULL,
    host_group text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('stored', 'dead', 'transient', 'blocked', 'suspect', 'refused')),
    status int,
    reason text NOT NULL,
    requests int NOT NULL,
    size_bytes bigint,
    sha256 text NOT NULL DEFAULT '',
    media_type text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL,
    took_ms int NOT NULL,
    epoch bigint NOT NULL
);
CREATE INDEX fetch_attempt_by_outcome ON scidex_console.fetch_attempt (outcome, id DESC);
CREATE INDEX fetch_attempt_by_artifact ON scidex_console.fetch_attempt (artifact_id, id DESC);
CREATE INDEX fetch_attempt_by_group ON scidex_console.fetch_attempt (host_group, id DESC);
CREATE INDEX fetch_attempt_by_run ON scidex_console.fetch_attempt (run_id, artifact_id, id DESC);
-- The rate of the last minutes.
CREATE INDEX fetch_attempt_by_start ON scidex_console.fetch_attempt (started_at);
-- Recent answers that say "gone", whether believed or not.
CREATE INDEX fetch_attempt_gone ON scidex_console.fetch_attempt (id DESC)
    WHERE outcome = 'dead' OR status IN (404, 410, 451);

-- One row per host group: what the gate must not forget over a restart.
CREATE TABLE scidex_console.host_state (
    host_group text PRIMARY KEY,
    rate double precision NOT NULL,
    in_flight_limit int NOT NULL,
    in_flight int NOT NULL DEFAULT 0,
    waiting int NOT NULL DEFAULT 0,
    next_at timestamptz,
    hold_until timestamptz,
    hold_cause text NOT NULL DEFAULT '',
    holds_in_a_row int NOT NULL DEFAULT 0,
    breaker text NOT NULL DEFAULT 'closed' CHECK (breaker IN ('closed', 'open', 'probing')),
    breaker_until timestamptz,
    failures_in_a_row int NOT NULL DEFAULT 0,
    breaker_openings int NOT NULL DEFAULT 0,
    override_rate double precision,
    override_in_flight int,
    override_until timestamptz,
    override_by text NOT NULL DEFAULT '',
    override_reason text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- Who did what, from where, why, under which authorization, with before and after. Append-only.
CREATE TABLE scidex_console.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    operator text NOT NULL,
    origin text NOT NULL,
    reason text NOT NULL DEFAULT '',
    version text NOT NULL,
    authorization_ref text NOT NULL DEFAULT '',
    epoch bigint,
    action text NOT NULL,
    job text,
    intent_id bigint,
    run_id bigint,
    batch_id bigint,
    op text,
    before jsonb,
    after jsonb,
    outcome text NOT NULL DEFAULT ''
);
CREATE INDEX audit_by_batch ON scidex_console.audit (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX audit_by_op ON scidex_console.audit (op) WHERE op IS NOT NULL;

CREATE FUNCTION scidex_console.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.audit
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();
CREATE TRIGGER attempt_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.fetch_attempt
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();
