-- What a decision is not applied to goes on waiting as it waits; the decision's result says why.
INSERT INTO scidex_console.triage_result (decision_id, artifact_id, state, reason, batch_id)
SELECT b.decision_id, s.artifact_id, 'refused', s.reason, b.id
FROM scidex_console.batch AS b, jsonb_to_recordset(%(skips)s) AS s (artifact_id text, reason text)
WHERE b.id = %(batch_id)s
ON CONFLICT DO NOTHING
