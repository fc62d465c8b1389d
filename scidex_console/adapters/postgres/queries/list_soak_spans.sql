-- Of the phase under way, from the last span that stops the clock on: what was before it does not count any more.
WITH current AS (SELECT max(id) AS id FROM scidex_console.soak_phase)
SELECT s.* FROM scidex_console.soak_span AS s, current AS c
WHERE s.phase_id = c.id
    AND s.id >= coalesce((SELECT max(x.id) FROM scidex_console.soak_span AS x
                          WHERE x.phase_id = c.id AND x.kind <> 'held'), 0)
ORDER BY s.id
