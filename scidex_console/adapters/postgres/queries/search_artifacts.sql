-- In the order of the primary key, so that a page costs what it shows and what it passes over.
SELECT a.id, a.artifact_type, a.title, a.content_hash, to_jsonb(a)->>'file_path' AS file_path,
    coalesce(a.metadata, '{}') AS metadata, a.provenance_chain, a.created_at, a.artifact_id::text AS uuid,
    a.artifact_dir, a.primary_filename, a.accessory_filenames, a.folder_layout_version, a.migrated_to_folder_at
FROM artifacts AS a
WHERE (%(after)s = '' OR a.id > %(after)s)
    AND (%(artifact_type)s = '' OR a.artifact_type = %(artifact_type)s)
    AND (%(has_folder)s::boolean IS NULL OR (a.migrated_to_folder_at IS NOT NULL) = %(has_folder)s)
    AND (%(pattern)s = '' OR a.title ILIKE %(pattern)s OR a.id ILIKE %(pattern)s)
ORDER BY a.id LIMIT %(limit)s
