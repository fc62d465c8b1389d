-- A figure with a file is stored, one without is dead; a conflict waits for a person.
UPDATE scidex_console.figure AS f
SET state = CASE WHEN NOT f.artifact_id = ANY(%(done)s) THEN 'held_back'
                 WHEN o.path IS NOT NULL THEN 'stored' ELSE 'dead' END,
    due_at = NULL, staged = '', changed_at = now()
FROM scidex_console.operation AS o
WHERE o.batch_id = %(batch_id)s AND o.artifact_id = f.artifact_id
  AND (f.artifact_id = ANY(%(done)s) OR f.artifact_id = ANY(%(conflicts)s))
