WITH link AS (
    SELECT CASE WHEN source_artifact_id = %(artifact_id)s THEN target_artifact_id ELSE source_artifact_id END AS other,
        link_type, source_artifact_id = %(artifact_id)s AS is_input
    FROM artifact_links
    WHERE link_type = ANY(%(types)s) AND (source_artifact_id = %(artifact_id)s OR target_artifact_id = %(artifact_id)s)
)
SELECT DISTINCT a.id, a.artifact_id::text AS artifact_id, coalesce(a.artifact_type, '') AS artifact_type, a.title,
    a.artifact_dir, l.link_type, l.is_input
FROM link AS l JOIN artifacts AS a ON a.id = l.other AND a.id <> %(artifact_id)s
ORDER BY l.is_input DESC, a.id, l.link_type LIMIT %(limit)s
