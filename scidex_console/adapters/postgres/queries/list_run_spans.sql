SELECT id, started_at, finished_at FROM scidex_console.run
