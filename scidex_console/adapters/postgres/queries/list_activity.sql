-- The audit, newest first. What the engine does by itself, batch after batch, is left out unless asked for.
SELECT * FROM scidex_console.audit
WHERE (%(before_id)s::bigint IS NULL OR id < %(before_id)s)
    AND (%(everything)s OR operator <> 'engine')
    AND (%(operator)s = '' OR strpos(lower(operator), lower(%(operator)s)) > 0)
    AND (%(action)s = '' OR strpos(action, %(action)s) > 0)
    AND (%(text)s = '' OR strpos(lower(concat_ws(' ', operator, origin, action, job, reason, outcome)), lower(%(text)s)) > 0)
ORDER BY id DESC LIMIT %(limit)s
