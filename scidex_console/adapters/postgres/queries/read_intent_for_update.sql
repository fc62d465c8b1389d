SELECT * FROM scidex_console.intent
WHERE id = %(id)s AND state IN ('accepted', 'waiting') FOR UPDATE
