UPDATE scidex_console.engine
SET epoch = greatest(epoch, %(at_least)s) + 1, holder = %(holder)s, running = true, started_at = now(),
    heartbeat_at = now(), version = %(version)s, writes = %(writes)s, authorization_ref = %(authorization)s,
    environment = %(environment)s, note = ''
RETURNING epoch
