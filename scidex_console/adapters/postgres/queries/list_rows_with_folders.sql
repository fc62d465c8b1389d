-- Every row as its manifest tells of it, with the migration log's last word and its last success.
SELECT a.id, a.artifact_type, a.title, a.content_hash, to_jsonb(a)->>'file_path' AS file_path,
    coalesce(a.metadata, '{}') AS metadata, a.provenance_chain, a.created_at, a.artifact_id::text AS uuid,
    a.artifact_dir, a.primary_filename, a.accessory_filenames, a.folder_layout_version, a.migrated_to_folder_at,
    success.id IS NOT NULL AS succeeded, success.files_moved, coalesce(last.status, '') AS last_status
FROM artifacts AS a
LEFT JOIN LATERAL (SELECT id, files_moved FROM artifact_migration_log AS l
                   WHERE l.artifact_id = a.id AND l.status = 'success' ORDER BY l.id DESC LIMIT 1) AS success ON true
LEFT JOIN LATERAL (SELECT status FROM artifact_migration_log AS l
                   WHERE l.artifact_id = a.id ORDER BY l.id DESC LIMIT 1) AS last ON true
ORDER BY a.id
