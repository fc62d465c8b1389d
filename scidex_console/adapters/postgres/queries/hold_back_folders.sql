-- Taken back: they wait for a redo or a retry, and claim their files again.
WITH logged AS (
    INSERT INTO artifact_migration_log (artifact_id, status, files_moved)
    SELECT o.artifact_id, 'rolled_back', o.log->'files_moved'
    FROM scidex_console.operation AS o
    WHERE o.batch_id = %(batch_id)s AND o.artifact_id = ANY(%(done)s)
    ORDER BY o.id
), claims AS (
    INSERT INTO scidex_console.folder_claim (path, artifact_id, ordinal)
    SELECT e.source, o.artifact_id, e.ordinal
    FROM scidex_console.operation_entry AS e
    JOIN scidex_console.operation AS o ON o.id = e.operation_id
    WHERE o.batch_id = %(batch_id)s AND o.artifact_id = ANY(%(done)s) AND e.role = 'moved'
    ON CONFLICT DO NOTHING
)
INSERT INTO scidex_console.folder AS f (artifact_id, state, reason)
SELECT d, 'held_back', 'taken back with its batch' FROM unnest(%(done)s::text[]) AS d
ON CONFLICT (artifact_id) DO UPDATE SET state = 'held_back', due_at = NULL, reason = excluded.reason,
    changed_at = now()
