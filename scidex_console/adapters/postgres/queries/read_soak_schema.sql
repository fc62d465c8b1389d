-- What the catalogue has of the specification's phase 0.
SELECT (SELECT count(*) FROM pg_attribute WHERE attrelid = 'artifacts'::regclass AND attnum > 0 AND NOT attisdropped
        AND attname IN ('artifact_id', 'artifact_dir', 'primary_filename', 'accessory_filenames',
                        'folder_layout_version', 'migrated_to_folder_at')) AS columns,
    (SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
     WHERE i.indrelid = 'artifacts'::regclass AND i.indisvalid AND i.indisready
        AND c.relname IN ('idx_artifacts_artifact_id_unique', 'idx_artifacts_migrated')) AS indexes,
    to_regclass('artifact_migration_log') IS NOT NULL AS has_log,
    (SELECT max(version) FROM scidex_console.schema_version) AS version
