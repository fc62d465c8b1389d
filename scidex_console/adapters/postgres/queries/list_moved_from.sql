SELECT o.artifact_id, e.path FROM scidex_console.operation_entry AS e
JOIN scidex_console.operation AS o ON o.id = e.operation_id
WHERE e.source = %(path)s ORDER BY o.id DESC LIMIT 20
