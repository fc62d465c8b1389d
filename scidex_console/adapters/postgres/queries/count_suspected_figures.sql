-- Rows said to be gone, by host group, and when a second answer would confirm the first and the last of them.
SELECT host_group, count(*) AS suspected,
    extract(epoch FROM min(due_at) - now())::float8 AS first_due_s,
    extract(epoch FROM max(due_at) - now())::float8 AS last_due_s
FROM (SELECT host_group, due_at FROM scidex_console.figure WHERE state = 'suspected' LIMIT %(most)s) AS suspected
GROUP BY host_group
