UPDATE scidex_console.intent SET state = %(state)s, outcome = %(outcome)s, waits_on = '', settled_at = now()
WHERE id = %(id)s
