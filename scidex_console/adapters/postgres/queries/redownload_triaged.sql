-- Figures that wait for a person become due, as by a retry; before and after are kept with the decision.
WITH before AS (
    SELECT g.artifact_id, g.state, g.attempts FROM scidex_console.figure AS g
    WHERE g.artifact_id = ANY (%(ids)s) AND g.state IN ('suspect', 'refused', 'quarantined')
        AND NOT EXISTS (SELECT FROM scidex_console.triage_result AS r WHERE r.decision_id = %(decision)s)
    FOR UPDATE
), due AS (
    UPDATE scidex_console.figure AS g
    SET state = 'due', due_at = now(), attempts = 0, suspected_at = NULL, rescue_tried = '', changed_at = now()
    FROM before AS b WHERE g.artifact_id = b.artifact_id
    RETURNING g.artifact_id, g.changed_at
)
INSERT INTO scidex_console.triage_result (decision_id, artifact_id, state, reason, before, after)
SELECT %(decision)s, i, CASE WHEN d.artifact_id IS NULL THEN 'refused' ELSE 'applied' END,
    CASE WHEN d.artifact_id IS NULL THEN 'it does not wait for a person any more' ELSE '' END,
    CASE WHEN b.artifact_id IS NULL THEN '{}' ELSE jsonb_build_object('state', b.state, 'attempts', b.attempts) END,
    CASE WHEN d.artifact_id IS NULL THEN '{}'
        ELSE jsonb_build_object('state', 'due', 'attempts', 0, 'changed_at', d.changed_at) END
FROM unnest(%(ids)s::text[]) AS i
LEFT JOIN before AS b ON b.artifact_id = i
LEFT JOIN due AS d ON d.artifact_id = i
ON CONFLICT DO NOTHING
