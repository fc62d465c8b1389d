-- What machines look at is not what readers wait for.
SELECT up_to_us, sum(n)::bigint AS n FROM scidex_console.request_minute
WHERE minute >= %(since)s AND minute < %(until)s AND route NOT IN ('metrics', 'healthz')
GROUP BY up_to_us
