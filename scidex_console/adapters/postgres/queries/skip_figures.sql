-- Try again from the start, or wait for a person.
UPDATE scidex_console.figure AS f
SET state = CASE WHEN s.again THEN 'due' ELSE 'held_back' END, due_at = CASE WHEN s.again THEN now() END,
    staged = '', sha256 = '', size_bytes = 0, changed_at = now()
FROM jsonb_to_recordset(%(skips)s) AS s (artifact_id text, reason text, again boolean)
WHERE f.artifact_id = s.artifact_id AND f.state IN ('staged', 'condemned', 'held_back')
