-- What people did, and what stopped a run or let it go on; the newest, should there be more than are asked for.
SELECT * FROM scidex_console.audit AS a
WHERE at >= %(since)s AND at < %(until)s AND (operator <> 'engine' OR action LIKE 'run:%%')
    AND NOT (a.action = 'batch:rollback' AND EXISTS (
        SELECT FROM scidex_console.intent AS i
        WHERE i.action IN ('rollback', 'triage') AND i.origin = a.origin AND i.reason = a.reason))
ORDER BY id DESC LIMIT %(limit)s
