-- Tried again from the start after a while, the longer the oftener it was in vain, or left to a person; the log
-- says why. Of an artifact that another batch has migrated since, as a redo may find, nothing is left to try.
WITH skips AS (
    SELECT * FROM jsonb_to_recordset(%(skips)s) AS s (artifact_id text, reason text, again boolean)
    WHERE NOT EXISTS (SELECT FROM artifacts AS a WHERE a.id = s.artifact_id AND a.migrated_to_folder_at IS NOT NULL)
), logged AS (
    INSERT INTO artifact_migration_log (artifact_id, status, errors)
    SELECT artifact_id, CASE WHEN again THEN 'skipped' ELSE 'quarantined' END, jsonb_build_object('reason', reason)
    FROM skips
)
INSERT INTO scidex_console.folder AS f (artifact_id, state, due_at, attempts, reason)
SELECT artifact_id, CASE WHEN again THEN 'due' ELSE 'quarantined' END,
    CASE WHEN again THEN now() + interval '30 s' END, 1, reason
FROM skips
ON CONFLICT (artifact_id) DO UPDATE SET state = excluded.state,
    due_at = excluded.due_at + least(f.attempts, 60) * interval '30 s', reason = excluded.reason,
    attempts = f.attempts + 1, changed_at = now()
