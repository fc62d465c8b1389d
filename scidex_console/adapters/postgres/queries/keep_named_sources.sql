-- An old path stays when a row without a folder has come to name it, or a folder it lies in, since the batch's claims
-- were looked at. Rows from before that are in the claims.
WITH leaving AS (
    SELECT DISTINCT e.source
    FROM scidex_console.operation AS o JOIN scidex_console.operation_entry AS e ON e.operation_id = o.id
    WHERE o.batch_id = %(batch_id)s AND o.state IN ('prepared', 'done', 'kept') AND e.leaves_source
), place AS (
    SELECT l.source, array_to_string((string_to_array(l.source, '/'))[:depth], '/') AS path
    FROM leaving AS l, generate_series(1, cardinality(string_to_array(l.source, '/'))) AS depth
), looked AS (
    SELECT min((o.log->>'claims_seen')::bigint) AS seen
    FROM scidex_console.operation AS o WHERE o.batch_id = %(batch_id)s
), changed AS (
    SELECT to_jsonb(r)->'file_path' AS file_path, to_jsonb(r)->'provenance_chain' AS chain,
        CASE jsonb_typeof(r.metadata) WHEN 'object' THEN r.metadata ELSE '{}' END AS metadata,
        %(keys)s::text[] || (r.artifact_type || '_path') AS keys
    FROM looked AS l, artifacts AS r
    WHERE r.migrated_to_folder_at IS NULL AND EXISTS (SELECT FROM leaving)
      AND (l.seen IS NULL OR l.seen > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
           OR age(r.xmin) <= age((l.seen %% 4294967296)::text::xid))
), said AS (
    SELECT c.file_path AS said FROM changed AS c
    UNION ALL
    SELECT c.metadata->key FROM changed AS c, unnest(c.keys) AS key
    UNION ALL
    SELECT step->key
    FROM changed AS c, jsonb_path_query(c.chain, 'lax $[*]') AS step, unnest(c.keys || 'path'::text) AS key
), named AS (
    SELECT DISTINCT rtrim(t #>> '{}', '/') AS path
    FROM said AS s, jsonb_path_query(s.said, 'strict $.**') AS t WHERE jsonb_typeof(t) = 'string'
), inside AS (
    SELECT path FROM named
    UNION SELECT substr(n.path, length(root) + 2) FROM named AS n, unnest(%(roots)s::text[]) AS root
          WHERE starts_with(n.path, root || '/')
)
UPDATE scidex_console.operation_entry AS e SET leaves_source = false
FROM scidex_console.operation AS o
WHERE o.batch_id = %(batch_id)s AND o.id = e.operation_id AND e.leaves_source
  AND e.source IN (SELECT p.source FROM place AS p JOIN inside AS i ON i.path = p.path)
