-- What was made from what, by the links that folders have: links of artifacts to themselves have none.
SELECT DISTINCT l.source_artifact_id AS derived, l.target_artifact_id AS origin
FROM artifact_links AS l
WHERE l.link_type = ANY(%(types)s) AND l.source_artifact_id <> l.target_artifact_id
