INSERT INTO scidex_console.figure (artifact_id, url, host_group, state, due_at, sha256, size_bytes,
    extension)
SELECT artifact_id, url, host_group,
    CASE WHEN marked THEN 'dead' WHEN sha256 <> '' THEN 'staged' WHEN url = '' THEN 'no_url' ELSE 'due' END,
    CASE WHEN NOT marked AND sha256 = '' AND url <> '' THEN now() END, sha256, size_bytes, extension
FROM survey
ON CONFLICT (artifact_id) DO NOTHING
