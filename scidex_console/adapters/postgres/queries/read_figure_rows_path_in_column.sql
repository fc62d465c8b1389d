SELECT id, file_path, metadata->>'image_url' AS image_url, metadata->'image_unavailable' = 'true' AS unavailable,
    metadata->>'file_sha256' AS sha256
FROM artifacts WHERE artifact_type = 'paper_figure' AND (%(after)s::text IS NULL OR id > %(after)s) ORDER BY id LIMIT %(limit)s
