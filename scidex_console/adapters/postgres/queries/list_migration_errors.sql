SELECT id, coalesce(created_at, to_timestamp(0)) AS created_at, artifact_id, status, errors, took_ms
FROM artifact_migration_log
WHERE status <> 'success' AND status <> 'rolled_back'
ORDER BY id DESC LIMIT %(limit)s
