SELECT host_group, outcome, count(*) AS n, sum(requests)::bigint AS requests,
    count(*) FILTER (WHERE status = 429) AS throttled
FROM scidex_console.fetch_attempt
WHERE started_at >= %(since)s AND started_at < %(until)s
GROUP BY host_group, outcome
