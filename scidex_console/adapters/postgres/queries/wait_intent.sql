UPDATE scidex_console.intent SET state = 'waiting', waits_on = %(waits_on)s
WHERE id = %(id)s AND state IN ('accepted', 'waiting')
