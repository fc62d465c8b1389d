-- concurrently
DROP INDEX CONCURRENTLY IF EXISTS idx_artifact_migration_log_artifact;

DROP INDEX CONCURRENTLY IF EXISTS idx_artifact_migration_log_error_status;

DROP INDEX CONCURRENTLY IF EXISTS idx_artifact_migration_log_errors;

DROP INDEX CONCURRENTLY IF EXISTS idx_artifacts_unmigrated;

DROP INDEX CONCURRENTLY IF EXISTS idx_artifacts_paper_figure;

DROP INDEX CONCURRENTLY IF EXISTS idx_artifacts_migrated;

DROP INDEX CONCURRENTLY IF EXISTS idx_artifacts_artifact_id_unique;
