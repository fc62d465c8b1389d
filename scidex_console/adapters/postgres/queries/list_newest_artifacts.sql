SELECT a.id, a.artifact_type, a.title, a.content_hash, to_jsonb(a)->>'file_path' AS file_path,
    coalesce(a.metadata, '{}') AS metadata, a.provenance_chain, a.created_at, a.artifact_id::text AS uuid,
    a.artifact_dir, a.primary_filename, a.accessory_filenames, a.folder_layout_version, a.migrated_to_folder_at
FROM artifacts AS a WHERE a.created_at IS NOT NULL ORDER BY a.created_at DESC, a.id LIMIT %(limit)s
