SELECT artifact_id, state, reason, batch_id FROM scidex_console.triage_result
WHERE decision_id = %(decision)s ORDER BY artifact_id
