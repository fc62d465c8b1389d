UPDATE scidex_console.engine SET heartbeat_at = now(), running = true, note = %(note)s
WHERE epoch = %(epoch)s
RETURNING epoch
