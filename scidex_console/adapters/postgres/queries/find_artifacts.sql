-- Each row once for every key that it was asked for with; an id goes before a UUID.
SELECT asked.key, a.id, a.artifact_type, a.title, a.content_hash, to_jsonb(a)->>'file_path' AS file_path,
    coalesce(a.metadata, '{}') AS metadata, a.provenance_chain, a.created_at, a.artifact_id::text AS uuid,
    a.artifact_dir, a.primary_filename, a.accessory_filenames, a.folder_layout_version, a.migrated_to_folder_at
FROM unnest(%(keys)s::text[], %(uuids)s::uuid[]) AS asked (key, uuid)
JOIN artifacts AS a ON a.id = coalesce((SELECT id FROM artifacts WHERE id = asked.key),
                                       (SELECT id FROM artifacts WHERE artifact_id = asked.uuid))
