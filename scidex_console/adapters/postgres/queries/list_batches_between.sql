-- Batches that were made or settled in a period, with how many rows each changed and left.
SELECT b.id, b.job, b.state, b.commit_id, b.inverse_commit, b.created_at, b.settled_at, b.push_state,
    c.changed, c.left_out
FROM scidex_console.batch AS b
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE o.state NOT IN ('skipped', 'conflict')
                            AND (b.state <> 'partly_rolled_back' OR o.state <> 'rolled_back')) AS changed,
        count(*) FILTER (WHERE o.state IN ('skipped', 'conflict')) AS left_out
    FROM scidex_console.operation AS o WHERE o.batch_id = b.id
) AS c
WHERE (b.created_at >= %(since)s AND b.created_at < %(until)s)
    OR (b.settled_at >= %(since)s AND b.settled_at < %(until)s)
ORDER BY b.id
