-- The group's control failed: its "gone" means nothing. The log is corrected by a row of its own, which asked nothing.
WITH told AS (
    INSERT INTO scidex_console.fetch_attempt (run_id, artifact_id, title, url, final_url, host, host_group, outcome,
        status, reason, requests, started_at, took_ms, epoch)
    SELECT t.run_id, t.artifact_id, t.title, t.url, t.final_url, t.host, t.host_group, 'transient',
        t.status, %(reason)s, 0, now(), 0, %(epoch)s
    FROM scidex_console.figure AS f JOIN scidex_console.fetch_attempt AS t ON t.id = f.last_attempt_id
    WHERE f.artifact_id = ANY(%(ids)s) AND f.state = 'suspected'
    RETURNING id, artifact_id
)
UPDATE scidex_console.figure AS f
SET state = CASE WHEN f.attempts < %(max_attempts)s THEN 'due' ELSE 'transient' END,
    due_at = CASE WHEN f.attempts < %(max_attempts)s
        THEN now() + least(%(first_s)s * 2 ^ (f.attempts - 1), %(longest_s)s) * interval '1 second' END,
    last_attempt_id = told.id, last_outcome = 'transient', suspected_at = NULL, changed_at = now()
FROM told WHERE f.artifact_id = told.artifact_id
