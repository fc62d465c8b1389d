-- The paths of the folder that an artifact's last standing batch laid out.
SELECT e.role, e.path, e.size_bytes, e.sha256, e.source
FROM scidex_console.operation_entry AS e
WHERE e.operation_id = (
    SELECT o.id FROM scidex_console.operation AS o
    JOIN scidex_console.batch AS b ON b.id = o.batch_id AND b.job = 'folders'
    WHERE o.artifact_id = %(artifact_id)s AND o.state IN ('prepared', 'done', 'kept')
    ORDER BY o.id DESC LIMIT 1)
ORDER BY e.ordinal LIMIT %(limit)s
