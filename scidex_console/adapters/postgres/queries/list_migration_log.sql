-- From an id on, the newest first (see `windows`).
SELECT id, coalesce(created_at, to_timestamp(0)) AS created_at, artifact_id, status, errors, took_ms
FROM artifact_migration_log
WHERE (%(id)s::bigint IS NULL OR id /*from*/ <= %(id)s)
    AND (%(statuses)s::text[] IS NULL OR status = ANY (%(statuses)s))
    AND (NOT %(problems)s::boolean OR status NOT IN ('success', 'rolled_back'))
    AND (%(artifact_id)s::text = '' OR artifact_id = %(artifact_id)s)
    AND (%(pattern)s::text = '' OR artifact_id ILIKE %(pattern)s OR errors::text ILIKE %(pattern)s)
ORDER BY id /*way*/ DESC LIMIT %(limit)s
