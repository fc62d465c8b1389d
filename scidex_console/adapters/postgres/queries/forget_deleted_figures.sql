DELETE FROM scidex_console.figure AS f
WHERE f.state NOT IN ('stored', 'dead') AND NOT EXISTS (SELECT FROM artifacts AS a WHERE a.id = f.artifact_id)
  AND NOT EXISTS (SELECT FROM scidex_console.operation AS o WHERE o.artifact_id = f.artifact_id AND o.state = 'prepared')
