-- Marked figures that rewrite rules apply to which were not tried on them: asked for where they may have moved.
UPDATE scidex_console.figure SET state = 'due', due_at = now(), attempts = 0, changed_at = now()
WHERE artifact_id = ANY(%(ids)s) AND state = 'dead' AND rescue_tried <> %(fingerprint)s
