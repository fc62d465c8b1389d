-- One attempt whole, with what is known of its figure and its row now.
SELECT a.*, f.state AS figure_state, f.due_at AS figure_due_at, f.attempts AS figure_attempts,
    r.id IS NOT NULL AS has_row, r.artifact_type, r.title AS row_title,
    coalesce(to_jsonb(r) ->> 'file_path', r.metadata ->> 'file_path', '') AS file_path,
    r.metadata ->> 'image_unavailable' AS image_unavailable
FROM scidex_console.fetch_attempt AS a
LEFT JOIN scidex_console.figure AS f ON f.artifact_id = a.artifact_id
LEFT JOIN artifacts AS r ON r.id = a.artifact_id
WHERE a.id = %(id)s
