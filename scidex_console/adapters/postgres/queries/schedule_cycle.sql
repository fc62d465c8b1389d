UPDATE scidex_console.folder_census SET next_cycle_at = %(at)s
