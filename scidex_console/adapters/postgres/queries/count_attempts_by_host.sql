-- Attempts exist for figures only. Without a run: those of all runs, and of none.
-- What a batch did of what was fetched or found dead may have been taken back since, or have been left out;
-- a row that is staged or condemned by its last attempt waits for a batch of its own.
WITH chosen AS (
    SELECT * FROM scidex_console.fetch_attempt
    WHERE %(job)s = 'figures' AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
), last AS (
    SELECT DISTINCT ON (artifact_id) id, artifact_id, outcome FROM chosen ORDER BY artifact_id, id DESC
), fate AS (
    SELECT l.id, CASE
        WHEN l.outcome NOT IN ('stored', 'dead') OR f.state IN ('staged', 'condemned') THEN l.outcome
        WHEN o.state = 'rolled_back' THEN 'taken_back'
        WHEN o.state IN ('skipped', 'conflict') THEN 'left_out'
        ELSE l.outcome END AS class, coalesce(r.metadata->'image_unavailable' = 'true', false) AS marked
    FROM last AS l
    LEFT JOIN artifacts AS r ON r.id = l.artifact_id AND l.outcome = 'dead'
    LEFT JOIN scidex_console.figure AS f
        ON f.artifact_id = l.artifact_id AND f.last_attempt_id = l.id AND l.outcome IN ('stored', 'dead')
    LEFT JOIN LATERAL (
        SELECT p.state FROM scidex_console.operation AS p JOIN scidex_console.batch AS b ON b.id = p.batch_id
        WHERE p.artifact_id = l.artifact_id AND l.outcome IN ('stored', 'dead')
            AND (%(run_id)s::bigint IS NULL OR b.run_id = %(run_id)s)
        ORDER BY p.id DESC LIMIT 1
    ) AS o ON true
)
SELECT c.host_group, c.host, min(c.started_at) AS first_at, max(c.started_at) AS last_at,
    count(fate.id) AS attempted,
    count(*) FILTER (WHERE class = 'stored') AS fetched,
    count(*) FILTER (WHERE class = 'dead') AS hard_404,
    count(*) FILTER (WHERE class = 'dead' AND marked) AS marked,
    count(*) FILTER (WHERE class = 'transient') AS transient,
    count(*) FILTER (WHERE class = 'blocked') AS blocked,
    count(*) FILTER (WHERE class = 'suspect') AS suspect,
    count(*) FILTER (WHERE class = 'refused') AS refused,
    count(*) FILTER (WHERE class = 'taken_back') AS taken_back,
    count(*) FILTER (WHERE class = 'left_out') AS left_out,
    count(*) AS attempts,
    sum(requests)::bigint AS requests,
    coalesce(sum(size_bytes) FILTER (WHERE class = 'stored'), 0)::bigint AS bytes
FROM chosen AS c LEFT JOIN fate ON fate.id = c.id
GROUP BY c.host_group, c.host
