SELECT origin, read_at, status, body FROM scidex_console.robots WHERE origin = %(origin)s
