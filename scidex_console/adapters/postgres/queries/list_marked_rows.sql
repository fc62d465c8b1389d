SELECT a.id, a.metadata->>'image_404_at' AS marked_at, f.state AS figure_state,
    coalesce(t.logged, false) AS logged, t.attempts
FROM artifacts AS a
LEFT JOIN scidex_console.figure AS f ON f.artifact_id = a.id
CROSS JOIN LATERAL (
    SELECT bool_or(outcome = 'dead' AND status IN (404, 410, 451)) AS logged, count(*) AS attempts
    FROM scidex_console.fetch_attempt WHERE artifact_id = a.id
) AS t
WHERE a.metadata->'image_unavailable' = 'true' ORDER BY a.id
