SELECT id, coalesce(created_at, to_timestamp(0)) AS created_at, artifact_id, status, errors, took_ms
FROM artifact_migration_log
WHERE (%(before_id)s::bigint IS NULL OR id < %(before_id)s)
    AND (%(status)s::text = '' OR status = %(status)s)
ORDER BY id DESC LIMIT %(limit)s
