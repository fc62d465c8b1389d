UPDATE scidex_console.operation SET state = 'prepared'
WHERE batch_id = %(batch_id)s AND state = 'rolled_back'
