-- A row is settled by an attempt after which it is not asked again: any but a transient or blocked one, and
-- of those the one that used up the row's attempts.
SELECT a.host_group, greatest(floor(extract(epoch FROM now() - a.started_at) / 60), 0)::int AS minutes_ago,
    count(*) AS n
FROM scidex_console.fetch_attempt AS a
LEFT JOIN scidex_console.figure AS f ON a.outcome IN ('transient', 'blocked')
    AND f.artifact_id = a.artifact_id AND f.last_attempt_id = a.id
WHERE a.started_at > now() - make_interval(mins => %(minutes)s)
    AND (a.outcome NOT IN ('transient', 'blocked') OR f.state IN ('transient', 'blocked'))
GROUP BY 1, 2
