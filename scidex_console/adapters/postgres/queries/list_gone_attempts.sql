SELECT id, started_at, artifact_id, title, host_group, host, url, outcome, status, reason, requests, took_ms, recorded_at
FROM scidex_console.fetch_attempt
WHERE outcome = 'dead' OR status IN (404, 410, 451)
ORDER BY id DESC LIMIT %(limit)s
