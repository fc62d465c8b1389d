UPDATE scidex_console.operation AS o SET state = 'kept', reason = k.reason
FROM jsonb_to_recordset(%(keep)s) AS k (artifact_id text, reason text)
WHERE o.batch_id = %(batch_id)s AND o.artifact_id = k.artifact_id AND o.state = 'done'
