-- Attempts exist for figures only. Without a run: those of all runs, and of none.
WITH chosen AS (
    SELECT * FROM scidex_console.fetch_attempt
    WHERE %(job)s = 'figures' AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
), last AS (
    SELECT DISTINCT ON (artifact_id) id FROM chosen ORDER BY artifact_id, id DESC
)
SELECT c.host_group, c.host, min(c.started_at) AS first_at, max(c.started_at) AS last_at,
    count(last.id) AS attempted,
    count(last.id) FILTER (WHERE outcome = 'stored') AS fetched,
    count(last.id) FILTER (WHERE outcome = 'dead') AS hard_404,
    count(last.id) FILTER (WHERE outcome = 'transient') AS transient,
    count(last.id) FILTER (WHERE outcome = 'blocked') AS blocked,
    count(last.id) FILTER (WHERE outcome = 'suspect') AS suspect,
    count(last.id) FILTER (WHERE outcome = 'refused') AS refused,
    count(*) AS attempts,
    sum(requests)::bigint AS requests,
    coalesce(sum(size_bytes) FILTER (WHERE outcome = 'stored'), 0)::bigint AS bytes
FROM chosen AS c LEFT JOIN last ON last.id = c.id
GROUP BY c.host_group, c.host
