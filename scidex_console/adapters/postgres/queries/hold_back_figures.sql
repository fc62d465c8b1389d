UPDATE scidex_console.figure SET state = 'held_back', due_at = NULL, changed_at = now()
WHERE artifact_id = ANY(%(done)s)
