INSERT INTO scidex_console.triage_result (decision_id, artifact_id, state, reason)
SELECT %(decision)s, e.key, 'refused', e.value FROM jsonb_each_text(%(reasons)s) AS e
ON CONFLICT DO NOTHING
