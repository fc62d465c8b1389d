-- Who holds the advisory lock of `try_engine_lock`, and whether it may be an engine: whoever may connect can take such a lock.
SELECT l.pid, a.usename AS login, a.application_name AS name, pg_has_role(a.usesysid, 'scidex_engine', 'MEMBER') AS engine
FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid = 740196003 AND l.objid = 1 AND l.objsubid = 2 AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
