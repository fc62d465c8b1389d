WITH logged AS (
    INSERT INTO artifact_migration_log (artifact_id, status, errors, took_ms)
    VALUES (%(id)s, %(status)s, %(errors)s, %(took_ms)s)
)
-- A row that is deleted meanwhile waits for nothing.
INSERT INTO scidex_console.folder AS f (artifact_id, state, due_at, attempts, reason)
SELECT %(id)s, %(state)s, %(retry_at)s::timestamptz, 1, %(reason)s
WHERE EXISTS (SELECT FROM artifacts WHERE id = %(id)s)
ON CONFLICT (artifact_id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, reason = excluded.reason,
    attempts = f.attempts + 1, changed_at = now()
