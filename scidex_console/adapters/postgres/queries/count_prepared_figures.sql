SELECT count(*) FILTER (WHERE f.state = 'staged') AS files, count(*) FILTER (WHERE f.state = 'condemned') AS marks
FROM scidex_console.figure AS f
WHERE f.state IN ('staged', 'condemned') AND EXISTS (SELECT FROM artifacts AS a WHERE a.id = f.artifact_id)
