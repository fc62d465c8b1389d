-- What stays is in the migration log, too, with the reason; figures have no part in that log.
WITH settled AS (
    UPDATE scidex_console.operation
    SET state = CASE WHEN artifact_id = ANY(%(done)s) THEN 'rolled_back' ELSE 'kept' END,
        undo_op = CASE WHEN artifact_id = ANY(%(done)s) THEN %(op)s ELSE '' END,
        reason = CASE WHEN artifact_id = ANY(%(done)s) THEN reason ELSE %(reason)s END
    WHERE batch_id = %(batch_id)s AND state = 'done'
      AND (artifact_id = ANY(%(done)s) OR artifact_id = ANY(%(conflicts)s))
    RETURNING id, artifact_id, state, reason, log
)
INSERT INTO artifact_migration_log (artifact_id, status, files_moved, errors)
SELECT s.artifact_id, 'kept', s.log->'files_moved', jsonb_build_object('reason', s.reason)
FROM settled AS s
WHERE s.state = 'kept'
  AND EXISTS (SELECT FROM scidex_console.batch AS b WHERE b.id = %(batch_id)s AND b.job = 'folders'
              AND b.decision_id IS NULL)
ORDER BY s.id
