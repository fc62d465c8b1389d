-- Fair over host groups: the first of each, then the second of each.
SELECT n.artifact_id, g.host_group, n.url, n.state, n.due_at
FROM (SELECT host_group FROM scidex_console.count_now
      WHERE subject = 'figure' AND state = 'due' AND n > 0) AS g
CROSS JOIN LATERAL (
    SELECT artifact_id, url, state, due_at, row_number() OVER (ORDER BY due_at, artifact_id) AS turn
    FROM scidex_console.figure
    WHERE state = 'due' AND host_group = g.host_group AND due_at <= now()
    ORDER BY due_at, artifact_id LIMIT %(limit)s
) AS n
ORDER BY n.turn, g.host_group LIMIT %(limit)s
