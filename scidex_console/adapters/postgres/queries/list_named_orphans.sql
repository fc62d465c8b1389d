-- Files that were decided about as nobody's, and that a row without a folder has come to name, or a folder above.
-- What rows name is worked out once (MATERIALIZED): else it would be for every place that is looked for.
WITH decided AS (
    SELECT o.artifact_id, substr(o.artifact_id, 8) AS path
    FROM scidex_console.operation AS o WHERE o.batch_id = %(batch_id)s AND starts_with(o.artifact_id, 'orphan:')
), named AS MATERIALIZED (
    SELECT n.path
    FROM artifacts AS r, scidex_console.recorded_paths(to_jsonb(r), %(keys)s::text[], %(roots)s::text[]) AS n (path)
    WHERE r.migrated_to_folder_at IS NULL AND EXISTS (SELECT FROM decided)
)
SELECT DISTINCT d.artifact_id
FROM decided AS d, scidex_console.path_and_folders(d.path) AS place (path) JOIN named AS n ON n.path = place.path
