-- The key is fixed: hashtext('scidex_console.engine') would depend on the server's version.
SELECT pg_try_advisory_lock(740196003, 1) AS locked
