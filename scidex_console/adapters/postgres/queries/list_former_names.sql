SELECT e.path, coalesce(e.source, '') AS source FROM scidex_console.operation AS o
JOIN scidex_console.operation_entry AS e ON e.operation_id = o.id
WHERE o.artifact_id = %(id)s AND e.role NOT IN ('manifest', 'link') ORDER BY o.id DESC, e.ordinal LIMIT 1000
