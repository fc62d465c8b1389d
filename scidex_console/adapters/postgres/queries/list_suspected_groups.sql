-- Host groups with figures that are said to be gone, without a proof so far. A partial index holds just these.
SELECT f.host_group, count(*) AS n, count(*) FILTER (WHERE f.due_at <= now()) AS due, min(f.due_at) AS next_due_at
FROM scidex_console.figure AS f
WHERE f.state = 'suspected' AND EXISTS (SELECT FROM artifacts AS a WHERE a.id = f.artifact_id)
GROUP BY f.host_group
