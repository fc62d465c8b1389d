SELECT * FROM scidex_console.batch ORDER BY id
