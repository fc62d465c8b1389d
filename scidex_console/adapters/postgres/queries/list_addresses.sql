SELECT id, coalesce(artifact_type, '') AS artifact_type FROM artifacts
WHERE id >= %(first)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
