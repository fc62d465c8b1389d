-- Artifacts by the last word of the log about each, of a run's time or of all time.
-- What a rollback kept is as migrated as it was.
SELECT CASE l.status WHEN 'kept' THEN 'success' ELSE l.status END AS status, count(*) AS n, min(l.created_at) AS first_at, max(l.created_at) AS last_at,
    coalesce(sum(jsonb_array_length(CASE WHEN jsonb_typeof(l.files_moved) = 'array' THEN l.files_moved ELSE '[]' END)), 0)::bigint AS files
FROM (
    SELECT DISTINCT ON (m.artifact_id) m.*
    FROM artifact_migration_log AS m
    LEFT JOIN scidex_console.run AS r ON r.id = %(run_id)s AND r.job = 'folders'
    WHERE %(run_id)s::bigint IS NULL OR m.created_at BETWEEN r.started_at AND coalesce(r.finished_at, now())
    ORDER BY m.artifact_id, m.id DESC
) AS l
GROUP BY 1
