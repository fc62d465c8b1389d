-- Taken back: an artifact that had its folder before has it still, with the files of then; the others wait for a redo
-- or a retry, so that no cycle gives them a folder without their files.
WITH taken AS (
    SELECT o.id, o.artifact_id, o.log, o.before->>'migrated_to_folder_at' IS NOT NULL AS had_folder
    FROM scidex_console.operation AS o
    WHERE o.batch_id = %(batch_id)s AND o.artifact_id = ANY(%(done)s)
), logged AS (
    INSERT INTO artifact_migration_log (artifact_id, status, files_moved)
    SELECT t.artifact_id, s.status, CASE s.status WHEN 'success' THEN t.log->'files_before' ELSE t.log->'files_moved' END
    FROM taken AS t
    CROSS JOIN (VALUES (1, 'rolled_back'), (2, 'success')) AS s (place, status)
    WHERE s.status = 'rolled_back' OR t.had_folder
    ORDER BY t.id, s.place
)
INSERT INTO scidex_console.folder AS f (artifact_id, state, reason)
SELECT t.artifact_id, 'held_back', 'taken back with its batch' FROM taken AS t WHERE NOT t.had_folder
ON CONFLICT (artifact_id) DO UPDATE SET state = 'held_back', due_at = NULL, reason = excluded.reason,
    changed_at = now()
