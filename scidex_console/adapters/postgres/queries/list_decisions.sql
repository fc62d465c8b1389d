-- Decisions, newest first, with what became of each. Undone: another one was applied to all that this one was.
SELECT d.id, d.job, d.decision, cardinality(d.artifact_ids) AS artifacts, d.undoes, d.at, d.operator, d.origin,
    d.reason, d.version, d.token, d.params, d.artifact_ids, i.state AS intent_state, coalesce(i.outcome, '') AS outcome,
    i.also_by, r.applied, r.refused, r.batch_id, b.state AS batch_state, u.undone_by, u.undone, coalesce(own.reason, '') AS own_result
FROM scidex_console.triage_decision AS d
LEFT JOIN LATERAL (
    SELECT n.state, n.outcome, n.also_by FROM scidex_console.intent AS n
    WHERE n.action = 'triage' AND n.params ->> 'decision' = d.id::text ORDER BY n.id DESC LIMIT 1
) AS i ON true
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE t.state = 'applied')::int AS applied,
        count(*) FILTER (WHERE t.state = 'refused')::int AS refused, max(t.batch_id) AS batch_id
    FROM scidex_console.triage_result AS t WHERE t.decision_id = d.id
) AS r
LEFT JOIN scidex_console.batch AS b ON b.id = r.batch_id
CROSS JOIN LATERAL (
    SELECT max(c.id) AS undone_by, count(*)::int AS undone
    FROM scidex_console.triage_decision AS c
    JOIN scidex_console.triage_result AS t ON t.decision_id = c.id AND t.state = 'applied'
    WHERE c.undoes = d.id
) AS u
LEFT JOIN scidex_console.triage_result AS own
    ON own.decision_id = d.id AND own.artifact_id = %(artifact_id)s AND own.state = 'refused'
WHERE (%(artifact_id)s::text IS NULL OR d.artifact_ids @> ARRAY[%(artifact_id)s])
    AND (%(id)s::bigint IS NULL OR d.id = %(id)s)
    AND (%(kinds)s::text[] IS NULL OR d.decision = ANY (%(kinds)s))
ORDER BY d.id DESC LIMIT %(limit)s
