-- A suspicion stays what it is: a second answer confirms when it comes long enough after the first.
UPDATE scidex_console.figure
SET state = 'due', due_at = now(), attempts = 0, suspected_at = CASE WHEN state = 'suspected' THEN suspected_at END, rescue_tried = '', changed_at = now()
WHERE artifact_id = ANY(%(ids)s) AND (state = ANY(%(states)s) OR state = 'due' AND due_at > now())
RETURNING artifact_id
