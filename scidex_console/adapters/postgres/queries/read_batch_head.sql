SELECT * FROM scidex_console.batch WHERE id = %(batch_id)s
