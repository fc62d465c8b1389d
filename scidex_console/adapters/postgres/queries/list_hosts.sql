-- A group's last attempt is the first one from the group on, in the order of the index. Asked for by equality, the
-- planner may go backwards through all attempts instead, a million of them for a group that rests.
SELECT h.*, a.started_at AS last_request_at
FROM scidex_console.host_state AS h
LEFT JOIN LATERAL (
    SELECT host_group, started_at FROM scidex_console.fetch_attempt
    WHERE host_group >= h.host_group ORDER BY host_group, id DESC LIMIT 1
) AS a ON a.host_group = h.host_group
ORDER BY h.host_group
