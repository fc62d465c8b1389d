-- The folder migration: what each operation does to paths, which rows are left out for now, and who claims what.

-- Whether a row has these values: columns by name, keys of the metadata as `metadata.<key>`, where a key that
-- is absent differs from one that is null.
CREATE FUNCTION scidex_console.row_stands(a artifacts, fields text[], image jsonb) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (
        SELECT FROM unnest(fields) AS f
        WHERE CASE
            WHEN starts_with(f, 'metadata.') THEN (a.metadata -> substr(f, 10)) IS DISTINCT FROM (image -> f)
            WHEN f = 'metadata' THEN coalesce(a.metadata, '{}') IS DISTINCT FROM coalesce(image -> f, '{}')
            WHEN f = 'migrated_to_folder_at'
                THEN a.migrated_to_folder_at IS DISTINCT FROM (image ->> f)::timestamptz
            ELSE coalesce(to_jsonb(a) -> f, 'null') IS DISTINCT FROM coalesce(image -> f, 'null')
        END)
$$;

ALTER TABLE scidex_console.operation
    ADD COLUMN commit_id text NOT NULL DEFAULT '',
    -- What the migration log is to say: files moved, errors, milliseconds.
    ADD COLUMN log jsonb NOT NULL DEFAULT '{}';

CREATE TABLE scidex_console.operation_entry (
    operation_id bigint NOT NULL REFERENCES scidex_console.operation,
    ordinal int NOT NULL,
    role text NOT NULL CHECK (role IN ('moved', 'manifest', 'link')),
    path text NOT NULL,
    mode text NOT NULL,
    blob text NOT NULL DEFAULT '',
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    source text NOT NULL DEFAULT '',
    leaves_source boolean NOT NULL DEFAULT false,
    content bytea,
    replaced bytea,
    PRIMARY KEY (operation_id, ordinal)
);

-- Rows of the gap that are not simply next: tried again later, or waiting for a person.
CREATE TABLE scidex_console.folder (
    artifact_id text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('due', 'hash_mismatch', 'quarantined', 'error', 'held_back')),
    due_at timestamptz,
    attempts int NOT NULL DEFAULT 0,
    reason text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'due') = (due_at IS NOT NULL))
);
CREATE INDEX folder_due ON scidex_console.folder (due_at) WHERE state = 'due';
CREATE INDEX folder_by_state ON scidex_console.folder (state, artifact_id);

-- Which rows claim which files, as the last survey found it; an old path goes with its last claimant.
CREATE TABLE scidex_console.folder_claim (
    path text NOT NULL,
    artifact_id text NOT NULL,
    ordinal int NOT NULL,
    PRIMARY KEY (path, artifact_id)
);
CREATE INDEX folder_claim_by_artifact ON scidex_console.folder_claim (artifact_id, ordinal);

-- The store as it was before the first cycle, and as the last survey found it.
CREATE TABLE scidex_console.folder_census (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    files_at_start bigint,
    bytes_at_start bigint,
    files bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    bytes_repacked bigint,
    orphans bigint NOT NULL DEFAULT 0,
    with_files bigint NOT NULL DEFAULT 0,
    dangling_links bigint NOT NULL DEFAULT 0,
    hash_advice text NOT NULL DEFAULT '',
    next_cycle_at timestamptz,
    surveyed_at timestamptz
);
INSERT INTO scidex_console.folder_census DEFAULT VALUES;

GRANT EXECUTE ON FUNCTION scidex_console.row_stands TO scidex_viewer, scidex_engine;
GRANT SELECT ON scidex_console.operation_entry, scidex_console.folder, scidex_console.folder_claim,
    scidex_console.folder_census TO scidex_viewer, scidex_engine;
GRANT INSERT ON scidex_console.operation_entry TO scidex_engine;
GRANT UPDATE (blob, leaves_source) ON scidex_console.operation_entry TO scidex_engine;
GRANT UPDATE (commit_id) ON scidex_console.operation TO scidex_engine;
GRANT INSERT, UPDATE, DELETE ON scidex_console.folder, scidex_console.folder_claim TO scidex_engine;
GRANT UPDATE ON scidex_console.folder_census TO scidex_engine;
