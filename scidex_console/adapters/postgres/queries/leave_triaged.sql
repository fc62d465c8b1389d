INSERT INTO scidex_console.triage_result (decision_id, artifact_id, state)
SELECT %(decision)s, i, 'applied' FROM unnest(%(ids)s::text[]) AS i
ON CONFLICT DO NOTHING
