-- The slowest first, from one that took so long on (see `windows`).
SELECT id, started_at, artifact_id, title, host_group, host, url, outcome, status, reason, requests, took_ms,
    recorded_at
FROM scidex_console.fetch_attempt
WHERE (%(id)s::bigint IS NULL OR (took_ms, id) /*from*/ <= (%(took_ms)s::int, %(id)s))
    AND (%(host_group)s::text = '' OR host_group = %(host_group)s)
    AND (%(host)s::text = '' OR host = %(host)s)
    AND (%(outcomes)s::text[] IS NULL OR outcome = ANY (%(outcomes)s))
    AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
    AND (%(artifact_ids)s::text[] IS NULL OR artifact_id = ANY (%(artifact_ids)s))
    AND (%(pattern)s::text = '' OR url ILIKE %(pattern)s OR title ILIKE %(pattern)s
         OR artifact_id ILIKE %(pattern)s OR reason ILIKE %(pattern)s)
ORDER BY took_ms /*way*/ DESC, id /*way*/ DESC LIMIT %(limit)s
