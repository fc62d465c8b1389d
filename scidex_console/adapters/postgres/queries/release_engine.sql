UPDATE scidex_console.engine SET running = false, heartbeat_at = now(), note = 'stopped' WHERE epoch = %(epoch)s
