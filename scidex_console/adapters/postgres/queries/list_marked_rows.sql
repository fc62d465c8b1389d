SELECT a.id, a.metadata->>'image_404_at' AS marked_at, f.state AS figure_state,
    coalesce(t.logged, false) AS logged, t.attempts
FROM artifacts AS a
LEFT JOIN scidex_console.figure AS f ON f.artifact_id = a.id
CROSS JOIN LATERAL (
    -- Answers from before proofs were kept are taken as they were: each was confirmed by a GET of its own.
    SELECT bool_or(outcome = 'dead' AND status IN (404, 410, 451) AND (
            EXISTS (SELECT FROM scidex_console.death_proof AS p WHERE p.attempt_id = fetch_attempt.id)
            OR started_at < (SELECT applied_at FROM scidex_console.schema_version WHERE name = 'fetching_truth')
        )) AS logged, count(*) AS attempts
    FROM scidex_console.fetch_attempt WHERE artifact_id = a.id
) AS t
WHERE a.metadata->'image_unavailable' = 'true' ORDER BY a.id
