-- Those that were answered last, in the order in which they were asked: that is the time a reader sees.
SELECT * FROM (
    SELECT id, started_at, artifact_id, title, host_group, host, url, outcome, status, reason, requests, took_ms
    FROM scidex_console.fetch_attempt
    WHERE outcome = 'dead' OR status IN (404, 410, 451)
    ORDER BY id DESC LIMIT %(limit)s
) AS newest
ORDER BY started_at DESC, id DESC
