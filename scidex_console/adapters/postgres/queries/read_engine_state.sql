-- An engine that was killed cannot say so; but the lock of its connection goes with it.
SELECT now() AS taken_at, e.*, extract(epoch FROM now() - e.heartbeat_at)::float8 AS heartbeat_age_s,
    EXISTS (SELECT FROM pg_locks AS l
            WHERE l.locktype = 'advisory' AND l.classid = 740196003 AND l.objid = 1 AND l.objsubid = 2 AND l.granted
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS lock_held
FROM scidex_console.engine AS e
