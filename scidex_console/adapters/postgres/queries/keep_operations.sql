-- What stays is in the migration log, too, with the reason; figures have no part in that log.
WITH kept AS (
    UPDATE scidex_console.operation AS o SET state = 'kept', reason = k.reason
    FROM jsonb_to_recordset(%(keep)s) AS k (artifact_id text, reason text)
    WHERE o.batch_id = %(batch_id)s AND o.artifact_id = k.artifact_id AND o.state = 'done'
    RETURNING o.id, o.artifact_id, o.reason, o.log
)
INSERT INTO artifact_migration_log (artifact_id, status, files_moved, errors)
SELECT k.artifact_id, 'kept', k.log->'files_moved', jsonb_build_object('reason', k.reason)
FROM kept AS k
WHERE EXISTS (SELECT FROM scidex_console.batch AS b WHERE b.id = %(batch_id)s AND b.job = 'folders'
              AND b.decision_id IS NULL)
ORDER BY k.id
