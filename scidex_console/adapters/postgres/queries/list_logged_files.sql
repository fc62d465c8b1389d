-- What the migration log says artifacts' folders hold or held: each one's last success.
SELECT DISTINCT ON (artifact_id) artifact_id, files_moved FROM artifact_migration_log
WHERE artifact_id = ANY(%(ids)s) AND status = 'success' ORDER BY artifact_id, id DESC
