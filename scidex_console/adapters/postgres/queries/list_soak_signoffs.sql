SELECT * FROM scidex_console.soak_signoff
WHERE phase_id = (SELECT max(id) FROM scidex_console.soak_phase) ORDER BY id
