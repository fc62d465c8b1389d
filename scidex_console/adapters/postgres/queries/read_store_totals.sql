SELECT (SELECT count(*) FROM artifacts WHERE artifact_type = 'paper_figure') AS figures,
    (SELECT count(*) FROM artifacts WHERE migrated_to_folder_at IS NOT NULL) AS migrated,
    (SELECT min(applied_at) FROM scidex_console.schema_version WHERE name = 'console') AS installed_at,
    (SELECT id::text FROM scidex_console.journal) AS journal
