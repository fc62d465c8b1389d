-- `to_jsonb` finds `file_path` where it is a column, and nothing where it is not.
SELECT a.id, a.artifact_type, a.title, a.content_hash, to_jsonb(a)->>'file_path' AS file_path,
    coalesce(a.metadata, '{}') AS metadata, a.provenance_chain, a.created_at, a.artifact_id::text AS uuid,
    a.artifact_dir, a.primary_filename, a.accessory_filenames, a.folder_layout_version, a.migrated_to_folder_at,
    EXISTS (SELECT FROM scidex_console.folder AS f WHERE f.artifact_id = a.id AND f.state = 'hash_mismatch') AS flagged
FROM artifacts AS a
WHERE a.migrated_to_folder_at IS NULL AND (%(after)s::text IS NULL OR a.id > %(after)s)
ORDER BY a.id LIMIT %(limit)s
