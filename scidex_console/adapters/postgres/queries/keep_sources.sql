-- An old path stays while an artifact claims it that is neither migrated nor on its way in this batch: one that
-- was left out of the batch, or never got into it.
UPDATE scidex_console.operation_entry AS e SET leaves_source = false
FROM scidex_console.operation AS o
WHERE o.batch_id = %(batch_id)s AND o.id = e.operation_id AND o.state IN ('prepared', 'done') AND e.leaves_source
  AND (e.source IN (SELECT s.source FROM scidex_console.operation_entry AS s
                    JOIN scidex_console.operation AS left_out ON left_out.id = s.operation_id
                    WHERE left_out.batch_id = %(batch_id)s AND left_out.state IN ('skipped', 'conflict'))
    OR EXISTS (SELECT FROM scidex_console.folder_claim AS c JOIN artifacts AS a ON a.id = c.artifact_id
               WHERE c.path = e.source AND a.migrated_to_folder_at IS NULL
                 AND NOT EXISTS (SELECT FROM scidex_console.operation AS live
                                 WHERE live.batch_id = %(batch_id)s AND live.artifact_id = c.artifact_id
                                   AND live.state IN ('prepared', 'done'))))
