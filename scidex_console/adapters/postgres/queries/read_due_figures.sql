SELECT f.artifact_id, f.url, f.host_group, f.attempts, a.title, f.rescue_tried,
    a.metadata->'image_unavailable' = 'true' AS marked,
    extract(epoch FROM now() - f.suspected_at)::float8 AS suspected_for_s
FROM scidex_console.figure AS f JOIN artifacts AS a ON a.id = f.artifact_id
WHERE f.state = 'due' AND f.host_group = %(host_group)s AND f.due_at <= now()
  AND NOT f.artifact_id = ANY(%(excluding)s)
ORDER BY f.due_at, f.artifact_id LIMIT %(limit)s
