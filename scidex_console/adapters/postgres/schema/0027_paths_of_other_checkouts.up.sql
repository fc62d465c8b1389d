-- As before, and of an absolute path of another checkout also what follows the submodule's place in it: the last look
-- before an old path goes, or a decision about an orphan is carried out, must know each path that a row may lead to. A
-- place of a single name is none: other folders may have that name as well.
CREATE OR REPLACE FUNCTION scidex_console.recorded_paths(p_row jsonb, p_keys text[], p_roots text[]) RETURNS SETOF text
LANGUAGE sql IMMUTABLE AS $$
    WITH said AS (
        SELECT p_row->'file_path' AS said
        UNION ALL
        SELECT p_row->'metadata'->key FROM unnest(p_keys || ((p_row->>'artifact_type') || '_path')) AS key
        WHERE jsonb_typeof(p_row->'metadata') = 'object'
        UNION ALL
        SELECT step->key
        FROM jsonb_path_query(p_row->'provenance_chain', 'lax $[*]') AS step,
            unnest(p_keys || ((p_row->>'artifact_type') || '_path') || 'path'::text) AS key
    ), named AS (
        SELECT rtrim(t #>> '{}', '/') AS path
        FROM said AS s, jsonb_path_query(s.said, 'strict $.**') AS t WHERE jsonb_typeof(t) = 'string'
    )
    SELECT path FROM named
    UNION SELECT substr(n.path, length(root) + 2) FROM named AS n, unnest(p_roots) AS root
          WHERE starts_with(n.path, root || '/')
    UNION SELECT substr(n.path, strpos(n.path, '/' || root || '/') + length(root) + 2)
          FROM named AS n, unnest(p_roots) AS root
          WHERE starts_with(n.path, '/') AND root ~ '^[^/]+/' AND strpos(n.path, '/' || root || '/') > 0
$$;
