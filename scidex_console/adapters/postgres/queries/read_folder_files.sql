-- What the migration log says an artifact's folder holds: its last success.
SELECT files_moved FROM artifact_migration_log
WHERE artifact_id = %(id)s AND status = 'success' ORDER BY id DESC LIMIT 1
