-- Which artifacts and which paths some batches are about.
SELECT o.artifact_id, coalesce(p.path, '') AS path
FROM scidex_console.batch AS b JOIN scidex_console.operation AS o ON o.batch_id = b.id
LEFT JOIN LATERAL (SELECT o.path UNION SELECT o.replacement ->> 'path' UNION SELECT e.path FROM scidex_console.operation_entry AS e WHERE e.operation_id = o.id
                   UNION SELECT e.source FROM scidex_console.operation_entry AS e WHERE e.operation_id = o.id) AS p
    ON true
WHERE b.uid = ANY(%(uids)s::uuid[])
