-- The names of the columns are the words of the refusal.
SELECT count(*) FILTER (WHERE migrated_to_folder_at IS NOT NULL) AS "migrated artifacts",
       count(*) FILTER (WHERE artifact_id IS NOT NULL) AS "artifact UUIDs"
FROM artifacts
WHERE migrated_to_folder_at IS NOT NULL OR artifact_id IS NOT NULL
