INSERT INTO scidex_console.figure (artifact_id, url, host_group, state, due_at)
SELECT artifact_id, url, host_group,
    CASE WHEN marked THEN 'dead' WHEN url = '' THEN 'no_url' ELSE 'due' END,
    CASE WHEN NOT marked AND url <> '' THEN now() END
FROM survey
ON CONFLICT (artifact_id) DO NOTHING
