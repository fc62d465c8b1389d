-- Artifacts migrated in each of the last minutes, by when their batch was settled. `lately` as in
-- `count_settled_by_minute`: none from before the open run started or went on.
WITH stretch AS MATERIALIZED (
    SELECT greatest(r.started_at, e.started_at, (
        SELECT max(i.requested_at) FROM scidex_console.intent AS i
        WHERE i.job = r.job AND i.action IN ('start', 'step', 'resume') AND i.state IN ('accepted', 'waiting', 'done')
    )) AS began_at
    FROM scidex_console.engine AS e
    JOIN scidex_console.run AS r ON r.job = 'folders' AND r.state NOT IN ('done', 'cancelled')
), settled AS (
    SELECT coalesce(b.settled_at, b.created_at) AS at,
        (SELECT count(*) FROM scidex_console.operation AS o WHERE o.batch_id = b.id AND o.state = 'done') AS n
    FROM scidex_console.batch AS b
    WHERE b.job = 'folders' AND b.decision_id IS NULL AND b.writer = '' AND b.state IN ('done', 'cleaned')
        AND coalesce(b.settled_at, b.created_at) > now() - make_interval(mins => %(minutes)s)
)
SELECT '' AS host_group,
    greatest(
        extract(epoch FROM date_trunc('minute', now()) - date_trunc('minute', b.at)) / 60, 0
    )::int AS minutes_ago,
    s.began_at, sum(b.n)::int AS n,
    coalesce(sum(b.n) FILTER (
        WHERE b.at > greatest(s.began_at, now() - make_interval(mins => %(recent)s))
    ), 0)::int AS lately
FROM settled AS b
LEFT JOIN stretch AS s ON true
GROUP BY 1, 2, 3
