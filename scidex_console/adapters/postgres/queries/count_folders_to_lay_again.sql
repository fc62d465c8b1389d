-- The figures job takes the mark off a row that has its folder, for the file or the mark to get in. No UUID, no folder;
-- and none either of a row that its writer has registered and not committed yet.
SELECT count(*) AS n FROM artifacts AS a
WHERE a.migrated_to_folder_at IS NULL AND a.artifact_id IS NOT NULL AND a.artifact_dir IS NOT NULL
  AND EXISTS (SELECT FROM artifact_migration_log AS l WHERE l.artifact_id = a.id AND l.status = 'success')
