SELECT * FROM scidex_console.run WHERE job = %(job)s AND state NOT IN ('done', 'cancelled')
