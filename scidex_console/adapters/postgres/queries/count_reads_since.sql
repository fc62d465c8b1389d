-- Since the shares last changed, the phase began, or so long ago, whichever was last; from the next whole minute.
WITH start AS (
    SELECT date_trunc('minute', greatest(max(changed_at), %(begun_at)s::timestamptz,
                                         now() - make_interval(secs => %(longest_s)s)))
        + interval '1 minute' AS since
    FROM scidex_console.reader_share
)
SELECT s.reader, s.percent::float8 AS share, start.since, coalesce(sum(m.n), 0)::bigint AS reads,
    coalesce(sum(m.n) FILTER (WHERE m.source = 'folder'), 0)::bigint AS folder
FROM start CROSS JOIN scidex_console.reader_share AS s
LEFT JOIN scidex_console.read_minute AS m ON m.reader = s.reader AND m.minute >= start.since
GROUP BY s.reader, s.percent, start.since ORDER BY s.reader
