SELECT d.id, d.decision, d.operator, d.at, d.reason, coalesce(r.state, '') AS state, coalesce(r.reason, '') AS note
FROM scidex_console.triage_decision AS d
LEFT JOIN scidex_console.triage_result AS r ON r.decision_id = d.id AND r.artifact_id = %(artifact_id)s
WHERE d.artifact_ids @> ARRAY[%(artifact_id)s::text] ORDER BY d.id DESC LIMIT %(limit)s
