-- Somebody else holds their locks: tried again soon, and later each time it was in vain (spec: lock contention).
WITH logged AS (
    INSERT INTO artifact_migration_log (artifact_id, status, errors)
    SELECT a, 'skipped', jsonb_build_object('reason', %(reason)s::text) FROM unnest(%(artifact_ids)s::text[]) AS a
)
INSERT INTO scidex_console.folder AS f (artifact_id, state, due_at, attempts, reason)
SELECT a, 'due', now() + interval '5 s', 1, %(reason)s FROM unnest(%(artifact_ids)s::text[]) AS a
ON CONFLICT (artifact_id) DO UPDATE SET state = 'due', due_at = now() + least(f.attempts + 1, 60) * interval '5 s',
    reason = excluded.reason, attempts = f.attempts + 1, changed_at = now()
