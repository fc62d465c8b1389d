-- Rows put off by a back-off, by host group. A partial index holds just these rows; the limit bounds the time
-- should nearly all be among them.
SELECT host_group, count(*) AS scheduled,
    count(*) FILTER (WHERE last_outcome = 'transient') AS transient,
    count(*) FILTER (WHERE last_outcome = 'blocked') AS blocked,
    extract(epoch FROM min(due_at) - now())::float8 AS first_due_s,
    extract(epoch FROM max(due_at) - now())::float8 AS last_due_s, avg(attempts)::float8 AS attempts
FROM (SELECT host_group, last_outcome, due_at, attempts FROM scidex_console.figure WHERE state = 'due' AND due_at > now()
      LIMIT %(most)s) AS later
GROUP BY host_group
