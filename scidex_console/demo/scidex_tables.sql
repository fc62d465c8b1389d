-- SciDEX's own two tables, as the artifact store has them before this product adds anything.
-- Used to build the demo world and the test databases; never applied to a real SciDEX database.
CREATE TABLE IF NOT EXISTS artifacts (
    id text PRIMARY KEY,
    artifact_type text,
    title text,
    content_hash text,
    file_path text,
    metadata jsonb,
    provenance_chain jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS artifact_links (
    source_artifact_id text,
    target_artifact_id text,
    link_type text
);
