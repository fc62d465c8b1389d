-- Newest first (the spec's order), without those that are tried later or wait for a person.
-- A subquery that gives a value: for NOT EXISTS the whole gap was joined and sorted, where the server took it for small.
SELECT a.id, a.artifact_type, a.title, a.content_hash, to_jsonb(a)->>'file_path' AS file_path,
    coalesce(a.metadata, '{}') AS metadata, a.provenance_chain, a.created_at, a.artifact_id::text AS uuid,
    a.artifact_dir, a.primary_filename, a.accessory_filenames, a.folder_layout_version, a.migrated_to_folder_at
FROM artifacts AS a
WHERE a.migrated_to_folder_at IS NULL AND NOT a.id = ANY(%(excluding)s)
  AND (SELECT f.state <> 'due' OR f.due_at > now() FROM scidex_console.folder AS f WHERE f.artifact_id = a.id)
      IS NOT TRUE
ORDER BY a.created_at DESC, a.id LIMIT %(limit)s
