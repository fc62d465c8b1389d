-- Columns of the links by which an artifact's own are found, and that no valid index begins with; how many rows
-- there are about, by the statistics.
SELECT a.attname::text AS name, greatest(c.reltuples, 0)::bigint AS links
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname IN ('source_artifact_id', 'target_artifact_id')
WHERE c.oid = to_regclass('artifact_links') AND NOT EXISTS (
    SELECT FROM pg_index AS i
    WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum)
ORDER BY a.attnum
