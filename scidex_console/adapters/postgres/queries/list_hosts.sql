SELECT h.*, a.started_at AS last_request_at
FROM scidex_console.host_state AS h
LEFT JOIN LATERAL (
    SELECT started_at FROM scidex_console.fetch_attempt
    WHERE host_group = h.host_group ORDER BY id DESC LIMIT 1
) AS a ON true
ORDER BY h.host_group
