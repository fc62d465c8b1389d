SELECT FROM scidex_console.figure WHERE host_group = %(host_group)s LIMIT 1
