-- Migrated artifacts leave the work tables; one that somebody else changed is planned anew, unless another batch has
-- migrated it since, as a redo may find.
WITH lost AS MATERIALIZED (
    SELECT c AS artifact_id FROM unnest(%(conflicts)s::text[]) AS c
    WHERE NOT EXISTS (SELECT FROM artifacts AS a WHERE a.id = c AND a.migrated_to_folder_at IS NOT NULL)
), gone AS (
    DELETE FROM scidex_console.folder WHERE artifact_id = ANY(%(done)s)
), unclaimed AS (
    DELETE FROM scidex_console.folder_claim WHERE artifact_id = ANY(%(done)s)
), logged AS (
    INSERT INTO artifact_migration_log (artifact_id, status, files_moved, errors, took_ms)
    SELECT o.artifact_id, 'success', o.log->'files_moved', nullif(o.log->'errors', 'null'), (o.log->>'took_ms')::int
    FROM scidex_console.operation AS o
    WHERE o.batch_id = %(batch_id)s AND o.artifact_id = ANY(%(done)s)
    ORDER BY o.id
), refused AS (
    INSERT INTO artifact_migration_log (artifact_id, status, errors)
    SELECT artifact_id, 'skipped', jsonb_build_object('reason', %(conflict_reason)s::text) FROM lost
)
INSERT INTO scidex_console.folder AS f (artifact_id, state, due_at, attempts, reason)
SELECT artifact_id, 'due', now(), 1, %(conflict_reason)s FROM lost
WHERE EXISTS (SELECT FROM artifacts AS a WHERE a.id = lost.artifact_id)
-- Not at once every time: a row that stays locked would make commits, and take them back, without end.
ON CONFLICT (artifact_id) DO UPDATE SET state = 'due',
    due_at = now() + least(f.attempts, 60) * interval '5 s', reason = excluded.reason,
    attempts = f.attempts + 1, changed_at = now()
