SELECT * FROM scidex_console.run WHERE id = %(id)s AND job = %(job)s
