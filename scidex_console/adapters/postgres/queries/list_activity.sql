-- What people did and asked for, newest first, from a key on (see `windows`). Settled intents are told by their
-- audit row; those still open stand among them by when they were asked for, with their number as a negative id.
-- What the engine does by itself, batch after batch, is left out unless asked for; so is that a batch went, which the
-- intent that asked for it tells.
WITH told AS (
    (SELECT id, at, operator, origin, reason, version, authorization_ref, epoch, action, job, intent_id, run_id,
        batch_id, op, before, after, outcome
    FROM scidex_console.audit AS a
    WHERE (%(at)s::timestamptz IS NULL OR (at, id) /*from*/ <= (%(at)s, %(id)s::bigint))
        AND (%(everything)s OR operator <> 'engine' AND NOT (a.action = 'batch:rollback' AND EXISTS (
            SELECT FROM scidex_console.intent AS i
            WHERE i.action IN ('rollback', 'triage') AND i.origin = a.origin AND i.reason = a.reason)))
        AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
        AND (%(operator)s = '' OR strpos(lower(operator), lower(%(operator)s)) > 0)
        AND (%(action)s = '' OR strpos(action, %(action)s) > 0)
        AND (%(text)s = '' OR strpos(lower(concat_ws(' ', operator, origin, action, job, reason, outcome)),
                                     lower(%(text)s)) > 0)
    ORDER BY at /*way*/ DESC, id /*way*/ DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT -id, requested_at, concat_ws(', ', operator, nullif(array_to_string(also_by, ', '), '')), origin, reason,
        version, '', NULL, 'intent:' || action, job, id, NULL, NULL, NULL, NULL, jsonb_build_object('params', params),
        concat_ws(': waits on ', state, nullif(waits_on, '')) || CASE WHEN cancel_requested THEN ', to be withdrawn' ELSE '' END
    FROM scidex_console.intent
    WHERE state IN ('requested', 'accepted', 'waiting')
        AND (%(at)s::timestamptz IS NULL OR (requested_at, -id) /*from*/ <= (%(at)s, %(id)s::bigint))
        AND (%(since)s::timestamptz IS NULL OR requested_at >= %(since)s)
        AND (%(operator)s = '' OR strpos(lower(concat_ws(' ', operator, array_to_string(also_by, ' '))),
                                         lower(%(operator)s)) > 0)
        AND (%(action)s = '' OR strpos('intent:' || action, %(action)s) > 0)
        AND (%(text)s = '' OR strpos(lower(concat_ws(' ', operator, origin, action, job, reason, state)),
                                     lower(%(text)s)) > 0))
)
SELECT * FROM told ORDER BY at /*way*/ DESC, id /*way*/ DESC LIMIT %(limit)s
