SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM artifacts) AS numbered
WHERE place %% %(every)s = 1 OR %(every)s = 1 ORDER BY id
