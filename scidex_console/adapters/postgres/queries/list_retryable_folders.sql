-- Every artifact a retry would make due: what waits for a person, and what is in back-off.
SELECT f.artifact_id, f.class, f.reason, f.changed_at, f.attempts, coalesce(a.artifact_type, '') AS artifact_type,
    coalesce(a.title, '') AS title
FROM (
    SELECT w.*, CASE WHEN w.state = 'due' THEN 'error' ELSE w.state END AS class
    FROM scidex_console.folder AS w
    WHERE w.state <> 'due' OR w.due_at > now()
) AS f
JOIN artifacts AS a ON a.id = f.artifact_id AND a.migrated_to_folder_at IS NULL
WHERE (%(host_group)s::text = '' OR a.artifact_type = %(host_group)s)
    AND (%(outcomes)s::text[] IS NULL OR f.class = ANY (%(outcomes)s))
    AND (%(since)s::timestamptz IS NULL OR f.changed_at >= %(since)s)
    AND (%(artifact_ids)s::text[] IS NULL OR f.artifact_id = ANY (%(artifact_ids)s))
    AND (%(pattern)s::text = '' OR a.title ILIKE %(pattern)s OR f.artifact_id ILIKE %(pattern)s
         OR f.reason ILIKE %(pattern)s)
ORDER BY f.changed_at DESC, f.artifact_id
