-- Phase 0 of the folder migration: pure additions, all nullable, no data written.
ALTER TABLE artifacts ADD COLUMN IF NOT EXISTS artifact_id uuid;
ALTER TABLE artifacts ADD COLUMN IF NOT EXISTS artifact_dir text;
ALTER TABLE artifacts ADD COLUMN IF NOT EXISTS primary_filename text;
ALTER TABLE artifacts ADD COLUMN IF NOT EXISTS accessory_filenames text[];
ALTER TABLE artifacts ADD COLUMN IF NOT EXISTS folder_layout_version int DEFAULT 1;
ALTER TABLE artifacts ADD COLUMN IF NOT EXISTS migrated_to_folder_at timestamptz;

CREATE TABLE IF NOT EXISTS artifact_migration_log (
    id bigserial PRIMARY KEY,
    artifact_id text NOT NULL,
    status text NOT NULL,
    files_moved jsonb,
    errors jsonb,
    took_ms int,
    created_at timestamptz DEFAULT now()
);
