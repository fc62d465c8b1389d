-- A row with another address is asked anew; one that lost its file or its mark again is due again; one that
-- somebody marked is dead; one whose file was found waits for the batch that adopts it, unless such a file was
-- taken back and nobody has asked for it since. Everything else stays where it was, so that a run resumes where it stopped.
UPDATE scidex_console.figure AS f
SET url = s.url, host_group = s.host_group, attempts = 0, changed_at = now(),
    state = CASE WHEN s.marked THEN 'dead' WHEN s.sha256 <> '' THEN 'staged' WHEN s.url = '' THEN 'no_url' ELSE 'due' END,
    due_at = CASE WHEN NOT s.marked AND s.sha256 = '' AND s.url <> '' THEN now() END,
    suspected_at = NULL, resolved_url = '', resolved_by = '',
    rescue_tried = CASE WHEN f.url = s.url THEN f.rescue_tried ELSE '' END,
    staged = '', sha256 = s.sha256, size_bytes = s.size_bytes, extension = s.extension
FROM survey AS s
WHERE s.artifact_id = f.artifact_id
  AND CASE
      WHEN s.marked THEN f.state <> 'dead' AND NOT (f.state = 'staged' AND f.resolved_by <> '')
      WHEN s.sha256 <> '' THEN f.state <> 'staged' AND NOT (f.state = 'held_back' AND coalesce((
          SELECT o.state = 'rolled_back' FROM scidex_console.operation AS o
          WHERE o.artifact_id = f.artifact_id ORDER BY o.id DESC LIMIT 1), false))
      ELSE f.url <> s.url OR f.host_group <> s.host_group OR f.state IN ('stored', 'dead')
  END
