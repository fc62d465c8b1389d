-- Every path that a row of `artifacts` (as a document) names: its file, what its metadata holds under keys of paths or under
-- `<its type>_path`, at any depth, and the same of its provenance chain; each also without one of the roots before it.
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
$$;
