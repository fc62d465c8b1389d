-- A note is withdrawn; a figure that was made due waits again, unless it was asked since.
WITH undone AS (
    SELECT r.* FROM scidex_console.triage_result AS r
    WHERE r.decision_id = %(undone)s AND r.state = 'applied'
        AND NOT EXISTS (SELECT FROM scidex_console.triage_result AS o WHERE o.decision_id = %(decision)s)
), back AS (
    UPDATE scidex_console.figure AS g
    SET state = u.before ->> 'state', due_at = NULL, attempts = (u.before ->> 'attempts')::int, changed_at = now()
    FROM undone AS u
    WHERE u.after ->> 'state' = 'due' AND g.artifact_id = u.artifact_id AND g.state = 'due'
        AND g.changed_at = (u.after ->> 'changed_at')::timestamptz
    RETURNING g.artifact_id
)
INSERT INTO scidex_console.triage_result (decision_id, artifact_id, state, reason, before, after)
SELECT %(decision)s, u.artifact_id,
    CASE WHEN u.after = '{}' OR b.artifact_id IS NOT NULL THEN 'applied' ELSE 'refused' END,
    CASE WHEN u.after = '{}' OR b.artifact_id IS NOT NULL THEN '' ELSE 'it has been asked for since' END,
    u.after, CASE WHEN u.after = '{}' OR b.artifact_id IS NOT NULL THEN u.before ELSE '{}' END
FROM undone AS u LEFT JOIN back AS b USING (artifact_id)
ON CONFLICT DO NOTHING
