SELECT t.started_at, t.url, t.final_url, t.outcome, t.status, t.reason, t.media_type, t.size_bytes
FROM scidex_console.fetch_attempt AS t WHERE t.artifact_id = %(artifact_id)s ORDER BY t.id DESC LIMIT 1
