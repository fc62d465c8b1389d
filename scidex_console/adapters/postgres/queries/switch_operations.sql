-- One that is done keeps its reason: it says of an adopted file that it was there before.
UPDATE scidex_console.operation
SET state = CASE WHEN artifact_id = ANY(%(done)s) THEN 'done' ELSE 'conflict' END,
    reason = CASE WHEN artifact_id = ANY(%(done)s) THEN reason ELSE %(conflict_reason)s END
WHERE batch_id = %(batch_id)s AND state = 'prepared'
  AND (artifact_id = ANY(%(done)s) OR artifact_id = ANY(%(conflicts)s))
