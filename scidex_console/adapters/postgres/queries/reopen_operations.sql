UPDATE scidex_console.operation SET state = 'prepared', pass_no = %(pass_no)s + 1, undo_op = ''
WHERE batch_id = %(batch_id)s AND state = 'rolled_back'
