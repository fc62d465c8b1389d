-- The last look at each check of the phase under way, with the figures of those before it, oldest first.
SELECT DISTINCT ON (check_id) check_id, at, standing, figure, words, fingerprint,
    array_remove(array_agg(figure) OVER (PARTITION BY check_id ORDER BY id), NULL) AS trend
FROM scidex_console.soak_measurement
WHERE phase_id = (SELECT max(id) FROM scidex_console.soak_phase)
ORDER BY check_id, id DESC
