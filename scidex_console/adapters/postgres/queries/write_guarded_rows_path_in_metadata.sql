-- Metadata keys that are absent before or after are absent from the images, which is not the same as null.
WITH plan AS (
    SELECT p.artifact_id, p.fields, p.before, p.after,
        ARRAY(SELECT substr(f, 10) FROM unnest(p.fields) AS f WHERE starts_with(f, 'metadata.')) AS keys
    FROM jsonb_to_recordset(%(plan)s) AS p (artifact_id text, fields text[], before jsonb, after jsonb)
), change AS (
    SELECT p.*,
        (SELECT coalesce(jsonb_object_agg(substr(k, 10), v), '{}') FROM jsonb_each(p.before) AS e (k, v)
         WHERE starts_with(k, 'metadata.')) AS metadata_before,
        (SELECT coalesce(jsonb_object_agg(substr(k, 10), v), '{}') FROM jsonb_each(p.after) AS e (k, v)
         WHERE starts_with(k, 'metadata.')) AS metadata_after
    FROM plan AS p
)
UPDATE artifacts AS a
SET metadata = (coalesce(a.metadata, '{}') - c.keys) || c.metadata_after, updated_at = now()
FROM change AS c
WHERE a.id = c.artifact_id AND a.id = ANY(%(lockable)s)
  AND (SELECT coalesce(jsonb_object_agg(k, a.metadata->k), '{}') FROM unnest(c.keys) AS k WHERE a.metadata ? k)
      = c.metadata_before
RETURNING a.id
