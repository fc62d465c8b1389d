SELECT * FROM scidex_console.audit WHERE operator <> 'engine' ORDER BY id DESC LIMIT 1
