-- Without a control, where the configuration takes the first answer for the last.
WITH confirmed AS (
    UPDATE scidex_console.figure SET state = 'condemned', due_at = NULL, changed_at = now()
    WHERE host_group = %(host_group)s AND state = 'suspected'
    RETURNING artifact_id, last_attempt_id
)
INSERT INTO scidex_console.death_proof (attempt_id, artifact_id, proof)
SELECT last_attempt_id, artifact_id, 'at-once' FROM confirmed
ON CONFLICT (attempt_id) DO NOTHING
