SELECT job, max(id) FILTER (WHERE state IN ('done', 'cleaned')) AS done,
    max(id) FILTER (WHERE state = 'rolled_back') AS taken_back
FROM scidex_console.batch GROUP BY job
