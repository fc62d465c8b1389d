-- A decision that is taken back leaves its artifacts waiting as they waited before it. The decision to take it
-- back, if one is being settled, gets its results.
WITH undoing AS (
    SELECT max(d.id) AS id
    FROM scidex_console.triage_decision AS d
    JOIN scidex_console.batch AS b ON b.decision_id = d.undoes
    JOIN scidex_console.intent AS i ON i.action = 'triage' AND i.params ->> 'decision' = d.id::text
    WHERE b.id = %(batch_id)s AND i.state IN ('accepted', 'waiting')
), results AS (
    INSERT INTO scidex_console.triage_result (decision_id, artifact_id, state, reason, before, after, batch_id)
    SELECT u.id, o.artifact_id, CASE WHEN o.artifact_id = ANY(%(done)s) THEN 'applied' ELSE 'refused' END,
        CASE WHEN o.artifact_id = ANY(%(done)s) THEN '' ELSE o.reason END,
        jsonb_build_object('row', o.after, 'file', o.replacement -> 'after'),
        CASE WHEN o.artifact_id = ANY(%(done)s)
            THEN jsonb_build_object('row', o.before, 'file', o.replacement -> 'before', 'waits', o.log) ELSE '{}' END,
        o.batch_id
    FROM scidex_console.operation AS o, undoing AS u
    WHERE o.batch_id = %(batch_id)s AND u.id IS NOT NULL
        AND (o.artifact_id = ANY(%(done)s) OR o.state = 'kept')
    ON CONFLICT DO NOTHING
)
INSERT INTO scidex_console.folder AS f (artifact_id, state, attempts, reason)
SELECT o.artifact_id, o.log ->> 'state', (o.log ->> 'attempts')::int, o.log ->> 'reason'
FROM scidex_console.operation AS o
WHERE o.batch_id = %(batch_id)s AND o.artifact_id = ANY(%(done)s) AND o.log ? 'state'
ON CONFLICT (artifact_id) DO UPDATE SET state = excluded.state, due_at = NULL, reason = excluded.reason,
    attempts = excluded.attempts, changed_at = now()
