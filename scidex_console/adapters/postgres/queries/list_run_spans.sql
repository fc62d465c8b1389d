SELECT id, state, started_at, finished_at FROM scidex_console.run
