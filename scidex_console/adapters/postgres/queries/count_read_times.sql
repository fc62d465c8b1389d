SELECT up_to_us, sum(n)::bigint AS n FROM scidex_console.read_minute
WHERE minute >= %(since)s AND minute < %(until)s
GROUP BY up_to_us
