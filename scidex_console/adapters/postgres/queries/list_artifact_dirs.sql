SELECT artifact_id::text AS uuid, artifact_dir FROM artifacts
WHERE id = ANY(%(ids)s) AND artifact_id IS NOT NULL AND artifact_dir IS NOT NULL
