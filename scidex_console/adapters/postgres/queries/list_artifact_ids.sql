SELECT id, artifact_id::text AS uuid FROM artifacts WHERE id = ANY(%(ids)s) AND artifact_id IS NOT NULL
