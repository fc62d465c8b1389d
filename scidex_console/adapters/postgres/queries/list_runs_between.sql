SELECT * FROM scidex_console.run
WHERE created_at < %(until)s AND coalesce(finished_at, 'infinity') >= %(since)s ORDER BY id
