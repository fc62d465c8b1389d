UPDATE scidex_console.reader_share
SET percent = %(percent)s, changed_at = now(), operator = %(operator)s, origin = %(origin)s, reason = %(reason)s
WHERE reader = ANY(%(readers)s)
