-- What is decided is due again for the folders' job; before and after are kept with the decision.
WITH results AS (
    INSERT INTO scidex_console.triage_result (decision_id, artifact_id, state, reason, before, after, batch_id)
    SELECT b.decision_id, o.artifact_id, CASE WHEN o.artifact_id = ANY(%(done)s) THEN 'applied' ELSE 'refused' END,
        CASE WHEN o.artifact_id = ANY(%(done)s) THEN '' ELSE %(conflict_reason)s END,
        jsonb_build_object('row', o.before, 'file', o.replacement, 'waits', o.log),
        CASE WHEN o.artifact_id = ANY(%(done)s)
            THEN jsonb_build_object('row', o.after, 'file', o.replacement -> 'after') ELSE '{}' END,
        b.id
    FROM scidex_console.batch AS b
    JOIN scidex_console.operation AS o ON o.batch_id = b.id
    WHERE b.id = %(batch_id)s AND (o.artifact_id = ANY(%(done)s) OR o.artifact_id = ANY(%(conflicts)s))
    ON CONFLICT DO NOTHING
)
DELETE FROM scidex_console.folder WHERE artifact_id = ANY(%(done)s)
