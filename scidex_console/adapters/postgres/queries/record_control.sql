-- A control and, where it passed, the figures it proves to be gone: those whose answers came before it was asked.
WITH checked AS (
    INSERT INTO scidex_console.control_check (host_group, url, sha256, result, status, reason, requests, epoch, hops)
    VALUES (%(host_group)s, %(url)s, %(sha256)s, %(result)s, %(status)s, %(reason)s, %(requests)s, %(epoch)s,
        %(hops)s)
    RETURNING id, host_group, requests
), counted AS (
    INSERT INTO scidex_console.counter_delta (subject, host_group, state, n)
    SELECT 'request', host_group, '', requests FROM checked
), confirmed AS (
    UPDATE scidex_console.figure SET state = 'condemned', due_at = NULL, changed_at = now()
    WHERE artifact_id = ANY(%(confirmed)s) AND state = 'suspected'
    RETURNING artifact_id, last_attempt_id
)
INSERT INTO scidex_console.death_proof (attempt_id, artifact_id, proof, control_id)
SELECT c.last_attempt_id, c.artifact_id, 'control', checked.id FROM confirmed AS c CROSS JOIN checked
ON CONFLICT (attempt_id) DO NOTHING
