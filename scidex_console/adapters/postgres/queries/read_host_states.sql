SELECT * FROM scidex_console.host_state ORDER BY host_group
