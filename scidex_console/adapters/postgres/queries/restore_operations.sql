UPDATE scidex_console.operation
SET state = CASE WHEN artifact_id = ANY(%(done)s) THEN 'rolled_back' ELSE 'kept' END,
    reason = CASE WHEN artifact_id = ANY(%(done)s) THEN reason ELSE %(reason)s END
WHERE batch_id = %(batch_id)s AND state = 'done'
  AND (artifact_id = ANY(%(done)s) OR artifact_id = ANY(%(conflicts)s))
