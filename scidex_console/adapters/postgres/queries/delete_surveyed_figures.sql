-- Rows that no longer lack a file, or are gone, leave the work table; what we stored ourselves stays.
DELETE FROM scidex_console.figure AS f
WHERE NOT EXISTS (SELECT FROM survey AS s WHERE s.artifact_id = f.artifact_id)
  AND (f.state NOT IN ('stored', 'staged', 'condemned')
       OR f.state IN ('staged', 'condemned') AND NOT EXISTS (SELECT FROM artifacts AS a WHERE a.id = f.artifact_id))
