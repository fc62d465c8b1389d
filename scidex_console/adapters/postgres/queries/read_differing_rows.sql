SELECT c.artifact_id, a.id IS NULL AS gone,
    c.before ->> 'migrated_to_folder_at' IS NOT NULL AND a.migrated_to_folder_at IS NULL AS without_folder
FROM jsonb_to_recordset(%(plan)s) AS c (artifact_id text, fields text[], before jsonb)
LEFT JOIN artifacts AS a ON a.id = c.artifact_id
WHERE a.id IS NULL OR NOT scidex_console.row_stands(a, c.fields, c.before)
