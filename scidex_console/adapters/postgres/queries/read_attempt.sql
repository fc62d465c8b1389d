-- One attempt whole, with what is known of its figure and its row now.
SELECT a.*, f.state AS figure_state, f.due_at AS figure_due_at, f.attempts AS figure_attempts,
    r.id IS NOT NULL AS has_row, r.artifact_type, r.title AS row_title,
    coalesce(to_jsonb(r) ->> 'file_path', r.metadata ->> 'file_path', '') AS file_path,
    r.metadata ->> 'image_unavailable' AS image_unavailable,
    p.proof, p.at AS proven_at, c.at AS control_at, c.url AS control_url, c.sha256 AS control_sha256,
    c.reason AS control_reason, c.hops AS control_hops
FROM scidex_console.fetch_attempt AS a
LEFT JOIN scidex_console.figure AS f ON f.artifact_id = a.artifact_id
LEFT JOIN scidex_console.death_proof AS p ON p.attempt_id = a.id
LEFT JOIN scidex_console.control_check AS c ON c.id = p.control_id
LEFT JOIN artifacts AS r ON r.id = a.artifact_id
WHERE a.id = %(id)s
