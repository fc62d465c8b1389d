-- How many batches of a job, or of one of its runs, stand where.
SELECT count(*) FILTER (WHERE state IN ('done', 'cleaned')) AS done,
    count(*) FILTER (WHERE state = 'rolled_back') AS taken_back,
    count(*) FILTER (WHERE state = 'partly_rolled_back') AS partly_taken_back,
    count(*) FILTER (WHERE state IN ('prepared', 'rolling_back')) AS under_way,
    count(*) FILTER (WHERE state = 'empty') AS empty
FROM scidex_console.batch
WHERE job = %(job)s AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
