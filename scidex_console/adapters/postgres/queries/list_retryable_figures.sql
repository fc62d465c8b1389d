-- Every row a retry would make due, by its last attempt. One that was never attempted says so; one that is held
-- back says why, which its attempt cannot know.
SELECT f.artifact_id, f.host_group, f.url, coalesce(f.last_attempt_id, 0) AS last_attempt_id,
    coalesce(a.id, 0) AS id, coalesce(a.started_at, f.changed_at) AS started_at, coalesce(a.title, '') AS title,
    coalesce(a.host, f.host_group) AS host, coalesce(a.outcome, 'refused') AS outcome, a.status,
    coalesce(CASE o.state
        WHEN 'rolled_back' THEN 'taken back with batch ' || o.batch_id
        WHEN 'skipped' THEN 'batch ' || o.batch_id || ' left it out: ' || o.reason
        WHEN 'conflict' THEN 'batch ' || o.batch_id || ' left it out: ' || o.reason
    END, a.reason, 'never attempted') AS reason, coalesce(a.requests, 0) AS requests,
    coalesce(a.took_ms, 0) AS took_ms, a.recorded_at, f.state = 'suspected' AS unproven
FROM (
    SELECT * FROM scidex_console.figure WHERE state = ANY (%(states)s)
    UNION ALL
    SELECT * FROM scidex_console.figure WHERE state = 'due' AND due_at > now()
    UNION ALL
    SELECT * FROM scidex_console.figure WHERE state = 'suspected' AND %(suspected)s
) AS f
LEFT JOIN scidex_console.fetch_attempt AS a ON a.id = f.last_attempt_id
LEFT JOIN LATERAL (
    SELECT state, reason, batch_id FROM scidex_console.operation
    WHERE f.state = 'held_back' AND artifact_id = f.artifact_id ORDER BY id DESC LIMIT 1
) AS o ON true
WHERE (%(host_group)s::text = '' OR f.host_group = %(host_group)s)
    AND (%(host)s::text = '' OR a.host = %(host)s)
    AND (%(outcomes)s::text[] IS NULL OR a.outcome = ANY (%(outcomes)s) OR f.state = ANY (%(outcomes)s))
    AND (%(since)s::timestamptz IS NULL OR coalesce(a.started_at, f.changed_at) >= %(since)s)
    AND (%(artifact_ids)s::text[] IS NULL OR f.artifact_id = ANY (%(artifact_ids)s))
    AND (%(pattern)s::text = '' OR f.url ILIKE %(pattern)s OR a.title ILIKE %(pattern)s
         OR f.artifact_id ILIKE %(pattern)s OR a.reason ILIKE %(pattern)s)
ORDER BY a.id DESC NULLS LAST, f.artifact_id
