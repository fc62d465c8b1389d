-- Taken back: they wait for a redo or a retry, and claim their files again. A folder that was laid out anew holds what it
-- held before: the log's last success goes on saying what that is.
WITH taken AS (
    SELECT o.id, o.artifact_id, o.log FROM scidex_console.operation AS o
    WHERE o.batch_id = %(batch_id)s AND o.artifact_id = ANY(%(done)s)
), logged AS (
    INSERT INTO artifact_migration_log (artifact_id, status, files_moved)
    SELECT t.artifact_id, s.status, t.log->s.files
    FROM taken AS t
    CROSS JOIN (VALUES (1, 'rolled_back', 'files_moved'), (2, 'success', 'files_before')) AS s (place, status, files)
    WHERE s.status = 'rolled_back' OR jsonb_typeof(t.log->'files_before') = 'array'
    ORDER BY t.id, s.place
), claims AS (
    INSERT INTO scidex_console.folder_claim (path, artifact_id, ordinal)
    SELECT e.source, t.artifact_id, e.ordinal
    FROM scidex_console.operation_entry AS e JOIN taken AS t ON t.id = e.operation_id
    WHERE e.role = 'moved'
    ON CONFLICT DO NOTHING
)
INSERT INTO scidex_console.folder AS f (artifact_id, state, reason)
SELECT d, 'held_back', 'taken back with its batch' FROM unnest(%(done)s::text[]) AS d
ON CONFLICT (artifact_id) DO UPDATE SET state = 'held_back', due_at = NULL, reason = excluded.reason,
    changed_at = now()
