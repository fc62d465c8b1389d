-- The last look at each check of the phase under way, with the figures of those before it, oldest first.
WITH look AS MATERIALIZED (
    SELECT * FROM scidex_console.soak_measurement
    WHERE phase_id = (SELECT max(id) FROM scidex_console.soak_phase)
)
SELECT last.*, coalesce(past.trend, '{}') AS trend
FROM (SELECT DISTINCT ON (check_id) check_id, at, standing, figure, words, fingerprint
      FROM look ORDER BY check_id, id DESC) AS last
JOIN (SELECT check_id, array_agg(figure ORDER BY id) FILTER (WHERE figure IS NOT NULL) AS trend
      FROM look GROUP BY check_id) AS past USING (check_id)
