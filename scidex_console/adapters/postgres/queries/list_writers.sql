-- Who has the writer lock of `take_writer_turn`, and who waits for it since when, in their order.
SELECT a.application_name AS name, l.granted, l.waitstart AS since
FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.relation = 'scidex_console.writer_turn'::regclass AND l.mode = 'ExclusiveLock'
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY l.granted DESC, l.waitstart, l.pid
