-- Each figure that is held back, with the last operation on it, which says why.
SELECT f.artifact_id, f.host_group, f.url, f.state, coalesce(o.state, '') AS cause, coalesce(o.reason, '') AS reason,
    o.batch_id
FROM scidex_console.figure AS f
LEFT JOIN LATERAL (
    SELECT state, reason, batch_id FROM scidex_console.operation
    WHERE artifact_id = f.artifact_id ORDER BY id DESC LIMIT 1
) AS o ON true
WHERE f.state = 'held_back'
ORDER BY f.artifact_id LIMIT %(limit)s
