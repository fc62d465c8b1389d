SELECT * FROM scidex_console.run WHERE job = %(job)s ORDER BY id DESC LIMIT 1
