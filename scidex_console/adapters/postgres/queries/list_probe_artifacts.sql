-- The newest id of each type that has an address of its own, and a few others, by chance.
(SELECT a.id, a.artifact_type, a.artifact_id::text AS artifact_id
FROM unnest(%(types)s::text[]) AS t (name)
CROSS JOIN LATERAL (SELECT * FROM artifacts WHERE artifact_type = t.name ORDER BY id DESC LIMIT 1) AS a)
UNION
(SELECT id, coalesce(artifact_type, ''), artifact_id::text FROM artifacts
WHERE artifact_id >= (SELECT gen_random_uuid()) ORDER BY artifacts.artifact_id LIMIT %(others)s)
