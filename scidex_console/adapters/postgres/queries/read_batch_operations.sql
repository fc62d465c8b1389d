SELECT * FROM scidex_console.operation WHERE batch_id = %(batch_id)s ORDER BY id
