-- Links in the folders of these artifacts that lead to some folders, given by their UUIDs; of what stands.
SELECT count(*) AS n
FROM artifacts AS a
JOIN scidex_console.operation AS o ON o.artifact_id = a.id AND o.state IN ('done', 'kept')
JOIN scidex_console.operation_entry AS e ON e.operation_id = o.id AND e.role = 'link'
WHERE a.artifact_id = ANY(%(from)s::uuid[]) AND right(e.path, 36) = ANY(%(to)s::text[])
