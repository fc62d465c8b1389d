SELECT id, started_at, artifact_id, title, host_group, host, url, outcome, status, reason, requests, took_ms
FROM scidex_console.fetch_attempt
WHERE (%(before_id)s::bigint IS NULL OR id < %(before_id)s)
    AND (%(host_group)s::text = '' OR host_group = %(host_group)s)
    AND (%(outcomes)s::text[] IS NULL OR outcome = ANY (%(outcomes)s))
    AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
    AND (%(artifact_id)s::text = '' OR artifact_id = %(artifact_id)s)
    AND (%(pattern)s::text = '' OR url ILIKE %(pattern)s OR title ILIKE %(pattern)s
         OR artifact_id ILIKE %(pattern)s OR reason ILIKE %(pattern)s)
ORDER BY id DESC LIMIT %(limit)s
