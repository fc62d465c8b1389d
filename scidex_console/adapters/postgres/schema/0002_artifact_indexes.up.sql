-- concurrently: one statement at a time, outside a transaction, so that readers and writers go on.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS idx_artifacts_artifact_id_unique
    ON artifacts (artifact_id) WHERE artifact_id IS NOT NULL;

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_artifacts_migrated
    ON artifacts (migrated_to_folder_at) WHERE migrated_to_folder_at IS NOT NULL;

-- The survey of figures pages through one type by id; the folder job takes the newest unmigrated first.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_artifacts_paper_figure
    ON artifacts (id) WHERE artifact_type = 'paper_figure';

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_artifacts_unmigrated
    ON artifacts (created_at DESC, id) WHERE migrated_to_folder_at IS NULL;

-- What went wrong lately, of any kind and of one kind, and what was last said of an artifact.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_artifact_migration_log_errors
    ON artifact_migration_log (id DESC) WHERE status <> 'success';

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_artifact_migration_log_error_status
    ON artifact_migration_log (status, id DESC) WHERE status <> 'success';

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_artifact_migration_log_artifact
    ON artifact_migration_log (artifact_id, id DESC);
