-- What the hosts of each group with work left have answered lately, and some of the addresses that are left.
-- The last attempts of a group are the first from the group on in the order of the index: see list_hosts.
SELECT g.host_group, a.*, u.urls
FROM (SELECT host_group FROM scidex_console.count_now
      WHERE subject = 'figure' AND state IN ('due', 'suspected') AND n > 0 GROUP BY host_group) AS g
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE outcome = 'stored') AS stored,
        count(*) FILTER (WHERE outcome = 'dead') AS gone,
        count(*) FILTER (WHERE outcome IN ('suspect', 'refused')) AS other,
        count(*) FILTER (WHERE outcome = 'blocked') AS blocked,
        count(*) FILTER (WHERE outcome = 'transient' AND status = 429) AS told_to_wait,
        count(*) FILTER (WHERE outcome = 'transient' AND status IS DISTINCT FROM 429) AS trouble,
        count(*) FILTER (WHERE outcome = 'transient' AND status IS DISTINCT FROM 429 AND requests = 1) AS at_head,
        avg(took_ms::float8 / requests) FILTER (WHERE outcome <> 'transient') AS answer_ms,
        avg(took_ms::float8 / requests) FILTER (WHERE outcome = 'transient') AS trouble_ms,
        avg(requests::float8) FILTER (WHERE outcome = 'stored') AS requests_stored
    FROM (SELECT * FROM scidex_console.fetch_attempt WHERE host_group >= g.host_group
          ORDER BY host_group, id DESC LIMIT %(attempts)s) AS t
    WHERE t.host_group = g.host_group AND requests > 0
) AS a
CROSS JOIN LATERAL (
    SELECT array_agg(url) AS urls
    FROM (SELECT url FROM scidex_console.figure WHERE state = 'due' AND host_group = g.host_group
          ORDER BY due_at, artifact_id LIMIT %(addresses)s) AS t
) AS u
