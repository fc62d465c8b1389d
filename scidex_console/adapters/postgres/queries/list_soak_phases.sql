SELECT * FROM scidex_console.soak_phase ORDER BY id
