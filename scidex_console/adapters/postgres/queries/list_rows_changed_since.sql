-- What other transactions have written since a snapshot, theirs that were under way then among it. Transaction ids are
-- compared by age, so that they may wrap around. There is no index on them: the rows without a folder are read.
SELECT a.id, a.artifact_type, a.title, a.content_hash, to_jsonb(a)->>'file_path' AS file_path,
    coalesce(a.metadata, '{}') AS metadata, a.provenance_chain, a.created_at, a.artifact_id::text AS uuid,
    a.artifact_dir, a.primary_filename, a.accessory_filenames, a.folder_layout_version, a.migrated_to_folder_at
FROM artifacts AS a
WHERE a.migrated_to_folder_at IS NULL AND age(a.xmin) <= age((%(seen)s::bigint %% 4294967296)::text::xid)
ORDER BY a.id
