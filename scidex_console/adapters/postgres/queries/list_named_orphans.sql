-- Files that were decided about as nobody's, and that a row without a folder has come to name, or a folder above.
WITH decided AS (
    SELECT o.artifact_id, substr(o.artifact_id, 8) AS path
    FROM scidex_console.operation AS o WHERE o.batch_id = %(batch_id)s AND starts_with(o.artifact_id, 'orphan:')
), place AS (
    SELECT d.artifact_id, array_to_string((string_to_array(d.path, '/'))[:depth], '/') AS path
    FROM decided AS d, generate_series(1, cardinality(string_to_array(d.path, '/'))) AS depth
), waiting AS (
    SELECT to_jsonb(r)->'file_path' AS file_path, to_jsonb(r)->'provenance_chain' AS chain,
        CASE jsonb_typeof(r.metadata) WHEN 'object' THEN r.metadata ELSE '{}' END AS metadata,
        %(keys)s::text[] || (r.artifact_type || '_path') AS keys
    FROM artifacts AS r WHERE r.migrated_to_folder_at IS NULL AND EXISTS (SELECT FROM decided)
), said AS (
    SELECT w.file_path AS said FROM waiting AS w
    UNION ALL
    SELECT w.metadata->key FROM waiting AS w, unnest(w.keys) AS key
    UNION ALL
    SELECT step->key
    FROM waiting AS w, jsonb_path_query(w.chain, 'lax $[*]') AS step, unnest(w.keys || 'path'::text) AS key
), named AS (
    SELECT DISTINCT rtrim(t #>> '{}', '/') AS path
    FROM said AS s, jsonb_path_query(s.said, 'strict $.**') AS t WHERE jsonb_typeof(t) = 'string'
), inside AS (
    SELECT path FROM named
    UNION SELECT substr(n.path, length(root) + 2) FROM named AS n, unnest(%(roots)s::text[]) AS root
          WHERE starts_with(n.path, root || '/')
)
SELECT DISTINCT p.artifact_id FROM place AS p JOIN inside AS i ON i.path = p.path
