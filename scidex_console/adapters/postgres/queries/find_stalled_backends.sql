-- Connections of an engine that has stalled: the one that holds the advisory lock of `try_engine_lock`, the one that
-- has the writers' turn or waits for it, and
-- those in whose transactions the epoch was checked, which keep it from moving until they end.
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND classid = 740196003 AND objid = 1 AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION
SELECT l.pid FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.relation = 'scidex_console.writer_turn'::regclass AND l.mode = 'ExclusiveLock'
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND a.application_name = %(engine)s
UNION
SELECT l.pid FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.relation = 'scidex_console.engine'::regclass AND l.mode = 'RowShareLock'
    AND l.granted AND a.application_name = %(engine)s AND l.pid <> pg_backend_pid()
