-- What the counters say beside what is there.
WITH exact AS (
    SELECT 'figure' AS subject, host_group, state, count(*) AS n
    FROM scidex_console.figure GROUP BY host_group, state
    UNION ALL
    SELECT 'attempt', host_group, outcome, count(*) FROM scidex_console.fetch_attempt GROUP BY host_group, outcome
    UNION ALL
    SELECT 'request', host_group, '', sum(requests) FROM (
        SELECT host_group, requests FROM scidex_console.fetch_attempt
        UNION ALL
        SELECT host_group, requests FROM scidex_console.control_check) AS asked
    GROUP BY host_group
)
SELECT subject, host_group, state, coalesce(c.n, 0)::bigint AS counted, coalesce(e.n, 0)::bigint AS exact
FROM scidex_console.count_now AS c FULL JOIN exact AS e USING (subject, host_group, state)
