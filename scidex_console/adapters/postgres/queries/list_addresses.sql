SELECT id, artifact_id::text AS uuid, coalesce(artifact_type, '') AS artifact_type FROM artifacts
WHERE id >= %(first)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
