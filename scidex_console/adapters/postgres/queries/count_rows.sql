SELECT count(*) AS n FROM artifacts WHERE id = ANY(%(ids)s)
