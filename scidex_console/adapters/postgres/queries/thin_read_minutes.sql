-- Minutes of the day before yesterday and earlier become hours; hours of long ago go.
WITH old AS (
    DELETE FROM scidex_console.read_minute
    WHERE minute < now() - interval '48 hours'
        AND (minute <> date_trunc('hour', minute) OR minute < now() - interval '100 days')
    RETURNING *
)
INSERT INTO scidex_console.read_minute AS m (minute, reader, source, fell_back, up_to_us, n)
SELECT date_trunc('hour', minute), reader, source, fell_back, up_to_us, sum(n) FROM old
WHERE minute >= now() - interval '100 days'
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (minute, reader, source, fell_back, up_to_us) DO UPDATE SET n = m.n + excluded.n
