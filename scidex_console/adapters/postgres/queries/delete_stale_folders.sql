-- Rows that were deleted, or that somebody else migrated.
DELETE FROM scidex_console.folder AS f
WHERE NOT EXISTS (SELECT FROM artifacts AS a WHERE a.id = f.artifact_id AND a.migrated_to_folder_at IS NULL)
