UPDATE scidex_console.operation AS o SET state = 'skipped', reason = s.reason
FROM jsonb_to_recordset(%(skips)s) AS s (artifact_id text, reason text, again boolean)
WHERE o.batch_id = %(batch_id)s AND o.artifact_id = s.artifact_id AND o.state = 'prepared'
