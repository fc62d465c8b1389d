SELECT hash_advice, surveyed_at, next_cycle_at FROM scidex_console.folder_census
