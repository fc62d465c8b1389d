-- A row is settled by an attempt after which it is not asked again: any but a transient or blocked one, and
-- of those the one that used up the row's attempts. Looked up one by one (LIMIT): a join over the whole work
-- table is what the planner would make of it otherwise.
SELECT a.host_group, greatest(floor(extract(epoch FROM now() - a.started_at) / 60), 0)::int AS minutes_ago,
    count(*) AS n
FROM scidex_console.fetch_attempt AS a
LEFT JOIN LATERAL (
    SELECT state FROM scidex_console.figure AS f
    WHERE a.outcome IN ('transient', 'blocked') AND f.artifact_id = a.artifact_id AND f.last_attempt_id = a.id
    LIMIT 1
) AS f ON true
WHERE a.started_at > now() - make_interval(mins => %(minutes)s)
    AND (a.outcome NOT IN ('transient', 'blocked') OR f.state IN ('transient', 'blocked'))
GROUP BY 1, 2
