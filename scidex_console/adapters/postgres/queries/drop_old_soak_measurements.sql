DELETE FROM scidex_console.soak_measurement AS m
USING (SELECT id, row_number() OVER (PARTITION BY check_id ORDER BY id DESC) AS n
       FROM scidex_console.soak_measurement WHERE phase_id = %(phase_id)s) AS ranked
WHERE ranked.id = m.id AND ranked.n > %(kept)s
