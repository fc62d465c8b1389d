-- What the next cycles take up, in their order, with the file each claims first.
SELECT a.id AS artifact_id, coalesce(a.artifact_type, '') AS artifact_type, a.created_at, c.path,
    c.files, f.due_at
FROM artifacts AS a
LEFT JOIN scidex_console.folder AS f ON f.artifact_id = a.id
CROSS JOIN LATERAL (
    SELECT (array_agg(p.path ORDER BY p.ordinal))[1] AS path, count(*) AS files
    FROM scidex_console.folder_claim AS p WHERE p.artifact_id = a.id
) AS c
WHERE a.migrated_to_folder_at IS NULL AND (f.artifact_id IS NULL OR f.state = 'due' AND f.due_at <= now())
ORDER BY a.created_at DESC, a.id LIMIT %(limit)s
