SELECT kind, count(*) AS n
FROM (
    SELECT f.state AS kind FROM scidex_console.folder AS f
    JOIN artifacts AS a ON a.id = f.artifact_id AND a.migrated_to_folder_at IS NULL
    WHERE f.state IN ('hash_mismatch', 'quarantined')
    UNION ALL
    SELECT state FROM scidex_console.figure WHERE state IN ('suspect', 'refused', 'quarantined')
) AS w
GROUP BY kind ORDER BY kind
