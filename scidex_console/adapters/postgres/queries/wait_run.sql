UPDATE scidex_console.run SET waits_on = %(waits_on)s WHERE id = %(id)s RETURNING *
