SELECT id, artifact_type = 'paper_figure' AS is_figure, file_path, metadata->>'file_sha256' AS sha256
FROM artifacts WHERE file_path IS NOT NULL ORDER BY id
