-- What people did, and what stopped a run or let it go on; the newest, should there be more than are asked for.
SELECT * FROM scidex_console.audit
WHERE at >= %(since)s AND at < %(until)s AND (operator <> 'engine' OR action LIKE 'run:%%')
ORDER BY id DESC LIMIT %(limit)s
