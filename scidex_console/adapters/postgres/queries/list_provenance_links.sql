SELECT DISTINCT source_artifact_id AS derived, target_artifact_id AS origin
FROM artifact_links
WHERE link_type = ANY(%(types)s) AND (source_artifact_id = ANY(%(ids)s) OR target_artifact_id = ANY(%(ids)s))
