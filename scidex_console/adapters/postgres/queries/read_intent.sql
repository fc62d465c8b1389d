SELECT * FROM scidex_console.intent WHERE id = %(id)s
