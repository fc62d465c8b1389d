-- Metadata keys that are absent before or after are absent from the images, which is not the same as null.
WITH plan AS (
    SELECT p.artifact_id, p.fields, p.before, p.after,
        ARRAY(SELECT substr(f, 10) FROM unnest(p.fields) AS f WHERE starts_with(f, 'metadata.')) AS keys
    FROM jsonb_to_recordset(%(plan)s) AS p (artifact_id text, fields text[], before jsonb, after jsonb)
), change AS (
    SELECT p.*,
        (SELECT coalesce(jsonb_object_agg(substr(k, 10), v), '{}') FROM jsonb_each(p.after) AS e (k, v)
         WHERE starts_with(k, 'metadata.')) AS metadata_after
    FROM plan AS p
)
UPDATE artifacts AS a
SET updated_at = now(),
    metadata = CASE WHEN cardinality(c.keys) > 0 THEN (coalesce(a.metadata, '{}') - c.keys) || c.metadata_after
               ELSE a.metadata END,
    artifact_dir = CASE WHEN 'artifact_dir' = ANY(c.fields) THEN c.after->>'artifact_dir' ELSE a.artifact_dir END,
    primary_filename = CASE WHEN 'primary_filename' = ANY(c.fields) THEN c.after->>'primary_filename'
                       ELSE a.primary_filename END,
    accessory_filenames = CASE WHEN NOT 'accessory_filenames' = ANY(c.fields) THEN a.accessory_filenames
                               WHEN jsonb_typeof(c.after->'accessory_filenames') = 'array'
                               THEN ARRAY(SELECT jsonb_array_elements_text(c.after->'accessory_filenames')) END,
    folder_layout_version = CASE WHEN 'folder_layout_version' = ANY(c.fields)
                            THEN (c.after->>'folder_layout_version')::int ELSE a.folder_layout_version END,
    migrated_to_folder_at = CASE WHEN 'migrated_to_folder_at' = ANY(c.fields)
                            THEN (c.after->>'migrated_to_folder_at')::timestamptz ELSE a.migrated_to_folder_at END
FROM change AS c
WHERE a.id = c.artifact_id AND a.id = ANY(%(lockable)s) AND scidex_console.row_stands(a, c.fields, c.before)
RETURNING a.id
