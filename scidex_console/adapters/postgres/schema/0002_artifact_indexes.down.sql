-- concurrently
DROP INDEX CONCURRENTLY IF EXISTS idx_artifacts_unmigrated;

DROP INDEX CONCURRENTLY IF EXISTS idx_artifacts_paper_figure;

DROP INDEX CONCURRENTLY IF EXISTS idx_artifacts_migrated;

DROP INDEX CONCURRENTLY IF EXISTS idx_artifacts_artifact_id_unique;
