SELECT holder, started_at FROM scidex_console.engine WHERE started_at IS NOT NULL
