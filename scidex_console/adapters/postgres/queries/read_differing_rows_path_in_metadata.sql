WITH change AS (
    SELECT p.artifact_id, p.fields, p.before,
        ARRAY(SELECT substr(f, 10) FROM unnest(p.fields) AS f WHERE starts_with(f, 'metadata.')) AS keys,
        (SELECT coalesce(jsonb_object_agg(substr(k, 10), v), '{}') FROM jsonb_each(p.before) AS e (k, v)
         WHERE starts_with(k, 'metadata.')) AS metadata_before
    FROM jsonb_to_recordset(%(plan)s) AS p (artifact_id text, fields text[], before jsonb, after jsonb)
)
SELECT c.artifact_id, a.id IS NULL AS gone
FROM change AS c LEFT JOIN artifacts AS a ON a.id = c.artifact_id
WHERE a.id IS NULL OR NOT (
    (SELECT coalesce(jsonb_object_agg(k, a.metadata->k), '{}') FROM unnest(c.keys) AS k WHERE a.metadata ? k)
        = c.metadata_before
)
