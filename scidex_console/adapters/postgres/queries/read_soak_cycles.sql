-- Cycles since the phase began: the largest, and the usual time from the beginning of one to the next.
WITH cycle AS (
    SELECT b.created_at, (SELECT count(*) FROM scidex_console.operation AS o WHERE o.batch_id = b.id) AS artifacts
    FROM scidex_console.batch AS b
    WHERE b.job = 'folders' AND b.writer = '' AND b.created_at >= %(since)s AND b.state <> 'empty'
), gap AS (
    SELECT extract(epoch FROM created_at - lag(created_at) OVER (ORDER BY created_at))::float8 AS s FROM cycle
)
SELECT count(*) AS cycles, coalesce(max(artifacts), 0) AS largest,
    (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY s) FROM gap WHERE s IS NOT NULL) AS usual_gap_s
FROM cycle
