SELECT e.operation_id, e.blob, e.leaves_source FROM scidex_console.operation_entry AS e
JOIN scidex_console.operation AS o ON o.id = e.operation_id
WHERE o.batch_id = %(batch_id)s ORDER BY e.operation_id, e.ordinal
