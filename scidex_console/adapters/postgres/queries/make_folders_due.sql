UPDATE scidex_console.folder SET state = 'due', due_at = now(), attempts = 0, changed_at = now()
WHERE artifact_id = ANY(%(ids)s) AND (state <> 'due' OR due_at > now())
RETURNING artifact_id
