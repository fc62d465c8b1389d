-- A row that was deleted meanwhile takes no place in a batch; the next survey clears it away.
-- What was fetched goes before what was found in its place, which no crash can take away.
WITH waiting AS (
    (SELECT f.* FROM scidex_console.figure AS f
     WHERE f.state = 'staged' AND EXISTS (SELECT FROM artifacts AS a WHERE a.id = f.artifact_id)
     ORDER BY f.staged = '', f.changed_at, f.artifact_id LIMIT %(files)s)
    UNION ALL
    (SELECT f.* FROM scidex_console.figure AS f
     WHERE f.state = 'condemned' AND EXISTS (SELECT FROM artifacts AS a WHERE a.id = f.artifact_id)
     ORDER BY f.changed_at, f.artifact_id LIMIT %(marks)s)
)
SELECT w.artifact_id, w.state, w.url, w.staged, w.sha256, w.size_bytes, w.extension, w.resolved_url, w.resolved_by, coalesce(t.started_at, w.changed_at) AS attempted_at,
    a.metadata->>'file_path' AS file_path, to_jsonb(a)->>'migrated_to_folder_at' AS migrated_at,
    (SELECT jsonb_object_agg(k, a.metadata->k) FROM unnest(%(keys)s::text[]) AS k WHERE a.metadata ? k) AS metadata
FROM waiting AS w
JOIN artifacts AS a ON a.id = w.artifact_id
LEFT JOIN scidex_console.fetch_attempt AS t ON t.id = w.last_attempt_id
ORDER BY w.changed_at, w.artifact_id
