SELECT f.host_group, count(*) AS n FROM scidex_console.figure AS f
WHERE f.state = 'due' AND f.due_at <= now() AND EXISTS (SELECT FROM artifacts AS a WHERE a.id = f.artifact_id)
GROUP BY f.host_group
