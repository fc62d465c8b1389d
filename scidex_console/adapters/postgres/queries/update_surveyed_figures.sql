-- A row with another address is asked anew; one that lost its file or its mark again is due again; one that
-- somebody marked is dead. Everything else stays where it was, so that a run resumes where it stopped.
UPDATE scidex_console.figure AS f
SET url = s.url, host_group = s.host_group, attempts = 0, changed_at = now(),
    state = CASE WHEN s.marked THEN 'dead' WHEN s.url = '' THEN 'no_url' ELSE 'due' END,
    due_at = CASE WHEN NOT s.marked AND s.url <> '' THEN now() END,
    staged = '', sha256 = '', size_bytes = 0, extension = ''
FROM survey AS s
WHERE s.artifact_id = f.artifact_id
  AND CASE
      WHEN s.marked THEN f.state <> 'dead'
      ELSE f.url <> s.url OR f.host_group <> s.host_group OR f.state IN ('stored', 'dead')
  END
