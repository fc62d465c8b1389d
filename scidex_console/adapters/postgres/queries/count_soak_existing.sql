-- Artifacts that were there before. When the last of them first got its folder is asked only where it matters.
SELECT count(*) AS total, count(*) FILTER (WHERE a.migrated_to_folder_at IS NULL) AS without,
    CASE WHEN %(late)s::boolean THEN
        (SELECT max(first_at) FROM (SELECT min(l.created_at) AS first_at FROM artifact_migration_log AS l
                                    JOIN artifacts AS b ON b.id = l.artifact_id AND b.created_at < %(before)s
                                    WHERE l.status = 'success' GROUP BY l.artifact_id) AS firsts) END AS last_at
FROM artifacts AS a
WHERE a.created_at < %(before)s
