SELECT s.*, now() AS now FROM (SELECT 1) AS one
LEFT JOIN LATERAL (SELECT * FROM scidex_console.soak_span WHERE phase_id = %(phase_id)s
                   ORDER BY id DESC LIMIT 1) AS s ON true
