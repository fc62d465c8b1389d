-- Whole minutes of the clock, so that a request stays in its minute however often this is asked.
SELECT host_group,
    greatest(
        extract(epoch FROM date_trunc('minute', now()) - date_trunc('minute', started_at)) / 60, 0
    )::int AS minutes_ago,
    sum(requests)::bigint AS n
FROM scidex_console.fetch_attempt
WHERE started_at >= date_trunc('minute', now()) - make_interval(mins => %(minutes)s - 1)
GROUP BY 1, 2
