-- Before a redo: an old path goes with the last operation that takes a file from it, wherever it went the first
-- time; who else claims it is seen to by `keep_sources`. What lies in some artifact's folder, or what symbolic links lead
-- to, stays there.
UPDATE scidex_console.operation_entry AS e SET leaves_source = true
FROM (SELECT s.source, max(o.id) AS id
      FROM scidex_console.operation AS o JOIN scidex_console.operation_entry AS s ON s.operation_id = o.id
      WHERE o.batch_id = %(batch_id)s AND o.state = 'prepared' AND s.role = 'moved'
        AND s.source !~ '^([0-9a-f]{1,4}/)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/'
        AND NOT coalesce(o.log->'linked', '[]') ? s.source
      GROUP BY s.source) AS last
WHERE e.operation_id = last.id AND e.source = last.source AND e.role = 'moved'
