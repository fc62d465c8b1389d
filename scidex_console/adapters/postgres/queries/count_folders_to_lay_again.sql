-- The figures job takes the mark off a row that has its folder, for the file or the mark to get in. No UUID, no folder.
SELECT count(*) AS n FROM artifacts
WHERE migrated_to_folder_at IS NULL AND artifact_id IS NOT NULL AND artifact_dir IS NOT NULL
