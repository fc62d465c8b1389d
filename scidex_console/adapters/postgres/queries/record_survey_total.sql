UPDATE scidex_console.engine SET figures_total = %(total)s, surveyed_at = now()
