SELECT count(*) AS "rows of artifact_migration_log" FROM artifact_migration_log
