SELECT * FROM scidex_console.soak_confirmation
WHERE phase_id = (SELECT max(id) FROM scidex_console.soak_phase) ORDER BY id
