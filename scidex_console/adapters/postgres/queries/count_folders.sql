-- Both by partial indexes; the mismatches are artifacts of which that is the last word.
SELECT (SELECT count(*) FROM artifacts WHERE migrated_to_folder_at IS NULL) AS missing,
    (SELECT count(*) FROM artifacts WHERE migrated_to_folder_at IS NOT NULL) AS done,
    (SELECT count(*) FROM (SELECT DISTINCT artifact_id FROM artifact_migration_log
                           WHERE status = 'hash_mismatch') AS m
     WHERE (SELECT l.status FROM artifact_migration_log AS l WHERE l.artifact_id = m.artifact_id
            ORDER BY l.id DESC LIMIT 1) = 'hash_mismatch') AS mismatch
