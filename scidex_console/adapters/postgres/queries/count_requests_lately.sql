SELECT route, status, up_to_us,
    ((extract(epoch FROM date_trunc('minute', now())) - extract(epoch FROM minute)) / 60)::int AS minutes_ago, n
FROM scidex_console.request_minute
WHERE minute > date_trunc('minute', now()) - make_interval(mins => %(minutes)s)
