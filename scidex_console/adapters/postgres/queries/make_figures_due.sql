UPDATE scidex_console.figure
SET state = 'due', due_at = now(), attempts = 0, suspected_at = NULL, rescue_tried = '', changed_at = now()
WHERE artifact_id = ANY(%(ids)s) AND (state = ANY(%(states)s) OR state = 'due' AND due_at > now())
RETURNING artifact_id
