SELECT source_artifact_id, target_artifact_id, link_type FROM artifact_links
WHERE source_artifact_id = %(artifact_id)s OR target_artifact_id = %(artifact_id)s LIMIT %(limit)s
