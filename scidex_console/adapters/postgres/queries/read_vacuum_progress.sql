SELECT c.relname AS name, p.phase,
    CASE WHEN p.heap_blks_total > 0 THEN p.heap_blks_scanned * 100 / p.heap_blks_total ELSE 100 END AS percent
FROM pg_stat_progress_vacuum AS p JOIN pg_class AS c ON c.oid = p.relid
WHERE p.pid = %(pid)s
