-- An old path stays when a row without a folder has come to name it, or a folder it lies in, since the batch's claims
-- were looked at. Rows from before that are in the claims.
-- What rows name is worked out once (MATERIALIZED): else it would be for every place that is looked for.
WITH leaving AS (
    SELECT DISTINCT e.source
    FROM scidex_console.operation AS o JOIN scidex_console.operation_entry AS e ON e.operation_id = o.id
    WHERE o.batch_id = %(batch_id)s AND o.state IN ('prepared', 'done', 'kept') AND e.leaves_source
), looked AS (
    SELECT min((o.log->>'claims_seen')::bigint) AS seen
    FROM scidex_console.operation AS o WHERE o.batch_id = %(batch_id)s
), named AS MATERIALIZED (
    SELECT n.path
    FROM looked AS l, artifacts AS r,
        scidex_console.recorded_paths(to_jsonb(r), %(keys)s::text[], %(roots)s::text[]) AS n (path)
    WHERE r.migrated_to_folder_at IS NULL AND EXISTS (SELECT FROM leaving)
      AND (l.seen IS NULL OR l.seen > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
           OR age(r.xmin) <= age((l.seen %% 4294967296)::text::xid))
), kept AS (
    SELECT l.source
    FROM leaving AS l, scidex_console.path_and_folders(l.source) AS place (path) JOIN named AS n ON n.path = place.path
)
UPDATE scidex_console.operation_entry AS e SET leaves_source = false
FROM scidex_console.operation AS o
WHERE o.batch_id = %(batch_id)s AND o.id = e.operation_id AND e.leaves_source AND e.source IN (SELECT source FROM kept)
