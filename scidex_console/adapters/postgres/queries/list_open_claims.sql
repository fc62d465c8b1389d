SELECT c.path, array_agg(c.artifact_id ORDER BY c.artifact_id) AS claimants
FROM scidex_console.folder_claim AS c JOIN artifacts AS a ON a.id = c.artifact_id
WHERE a.migrated_to_folder_at IS NULL GROUP BY c.path
