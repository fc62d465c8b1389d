SELECT id, artifact_type = 'paper_figure' AS is_figure, metadata->>'file_path' AS file_path,
    metadata->>'file_sha256' AS sha256
FROM artifacts WHERE metadata->>'file_path' IS NOT NULL ORDER BY id
