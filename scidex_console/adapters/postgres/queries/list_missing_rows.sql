-- Files that no row claims have no row; what an adoption has registered is to be there until it is taken back.
SELECT k.artifact_id
FROM (SELECT artifact_id FROM scidex_console.figure
      UNION SELECT artifact_id FROM scidex_console.operation WHERE NOT starts_with(artifact_id, 'orphan:')
      UNION SELECT registers ->> 'id' FROM scidex_console.operation WHERE state IN ('done', 'kept')
          AND registers IS NOT NULL) AS k
WHERE NOT EXISTS (SELECT FROM artifacts AS a WHERE a.id = k.artifact_id)
    AND NOT EXISTS (SELECT FROM scidex_console.operation AS o
                    WHERE o.state = 'rolled_back' AND o.registers ->> 'id' = k.artifact_id)
