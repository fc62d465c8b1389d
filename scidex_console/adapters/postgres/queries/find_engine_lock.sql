-- Who holds the advisory lock of `try_engine_lock`.
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND classid = 740196003 AND objid = 1 AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
