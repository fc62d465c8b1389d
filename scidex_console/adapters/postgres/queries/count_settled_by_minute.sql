-- A row is settled by an attempt after which it is not asked again: any but a transient or blocked one, and
-- of those the one that used up the row's attempts. Looked up one by one (LIMIT): a join over the whole work
-- table is what the planner would make of it otherwise.
-- `lately` are those of the last few minutes, but none from before the open run started or went on: neither
-- a pause nor an engine that was away says anything about the pace.
WITH stretch AS MATERIALIZED (
    SELECT greatest(r.started_at, e.started_at, (
        SELECT max(i.requested_at) FROM scidex_console.intent AS i
        WHERE i.job = r.job AND i.action IN ('start', 'step', 'resume') AND i.state IN ('accepted', 'waiting', 'done')
    )) AS began_at
    FROM scidex_console.engine AS e
    JOIN scidex_console.run AS r ON r.job = 'figures' AND r.state NOT IN ('done', 'cancelled')
)
SELECT a.host_group,
    -- Whole minutes of the clock, so that a row stays in its minute however often this is asked.
    greatest(
        extract(epoch FROM date_trunc('minute', now()) - date_trunc('minute', a.started_at)) / 60, 0
    )::int AS minutes_ago,
    s.began_at, count(*) AS n,
    count(*) FILTER (
        WHERE a.started_at > greatest(s.began_at, now() - make_interval(mins => %(recent)s))
    ) AS lately
FROM scidex_console.fetch_attempt AS a
LEFT JOIN stretch AS s ON true
LEFT JOIN LATERAL (
    SELECT state FROM scidex_console.figure AS f
    WHERE a.outcome IN ('transient', 'blocked') AND f.artifact_id = a.artifact_id AND f.last_attempt_id = a.id
    LIMIT 1
) AS f ON true
WHERE a.started_at > now() - make_interval(mins => %(minutes)s)
    AND (a.outcome NOT IN ('transient', 'blocked') OR f.state IN ('transient', 'blocked'))
GROUP BY 1, 2, 3
