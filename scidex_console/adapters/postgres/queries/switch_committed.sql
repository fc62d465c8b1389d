-- A writer's commit: the artifact has its folder, and leaves the work tables. Of one that somebody else changed its
-- writer is told, who asks again.
WITH gone AS (
    DELETE FROM scidex_console.folder WHERE artifact_id = ANY(%(done)s)
), unclaimed AS (
    DELETE FROM scidex_console.folder_claim WHERE artifact_id = ANY(%(done)s)
)
INSERT INTO artifact_migration_log (artifact_id, status, files_moved, errors, took_ms)
SELECT o.artifact_id, 'success', o.log->'files_moved', nullif(o.log->'errors', 'null'), (o.log->>'took_ms')::int
FROM scidex_console.operation AS o
WHERE o.batch_id = %(batch_id)s AND o.artifact_id = ANY(%(done)s)
ORDER BY o.id
