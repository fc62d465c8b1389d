-- Batches that came later and stand, and changed artifacts that this one changed. What is only prepared has
-- changed no row yet.
SELECT l.batch_id AS id, count(*) AS shared
FROM scidex_console.operation AS o
JOIN scidex_console.operation AS l ON l.artifact_id = o.artifact_id AND l.batch_id > o.batch_id
WHERE o.batch_id = %(batch_id)s AND o.state IN ('done', 'kept') AND l.state IN ('done', 'kept')
GROUP BY 1 ORDER BY 1 DESC
