-- An old path that an artifact left out of the batch still claims does not go with the others.
UPDATE scidex_console.operation_entry AS e SET leaves_source = false
FROM scidex_console.operation AS o
WHERE o.batch_id = %(batch_id)s AND o.id = e.operation_id AND o.state IN ('prepared', 'done') AND e.leaves_source
  AND e.source IN (SELECT s.source FROM scidex_console.operation_entry AS s
                   JOIN scidex_console.operation AS left_out ON left_out.id = s.operation_id
                   WHERE left_out.batch_id = %(batch_id)s AND left_out.state IN ('skipped', 'conflict'))
