SELECT k.artifact_id
FROM (SELECT artifact_id FROM scidex_console.figure UNION SELECT artifact_id FROM scidex_console.operation) AS k
WHERE NOT EXISTS (SELECT FROM artifacts AS a WHERE a.id = k.artifact_id)
