-- Try again from the start (which needs an address), or wait for a person.
UPDATE scidex_console.figure AS f
SET state = CASE WHEN NOT s.again THEN 'held_back' WHEN f.url = '' THEN 'no_url' ELSE 'due' END,
    due_at = CASE WHEN s.again AND f.url <> '' THEN now() END,
    suspected_at = NULL, staged = '', sha256 = '', size_bytes = 0, changed_at = now()
FROM jsonb_to_recordset(%(skips)s) AS s (artifact_id text, reason text, again boolean)
WHERE f.artifact_id = s.artifact_id AND f.state IN ('staged', 'condemned', 'held_back')
