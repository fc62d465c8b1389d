SELECT f.due_at FROM scidex_console.figure AS f
WHERE f.state = 'due' AND EXISTS (SELECT FROM artifacts AS a WHERE a.id = f.artifact_id)
ORDER BY f.due_at LIMIT 1
