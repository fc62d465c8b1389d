-- Only the deltas seen here go; later ones wait for the next fold. A fold already under way does the work.
WITH mine AS (
    SELECT pg_try_advisory_xact_lock(740196003, 2) AS locked
), taken AS (
    DELETE FROM scidex_console.counter_delta WHERE (SELECT locked FROM mine)
    RETURNING subject, host_group, state, n
)
INSERT INTO scidex_console.counter AS c (subject, host_group, state, n)
SELECT subject, host_group, state, sum(n) FROM taken GROUP BY subject, host_group, state
ON CONFLICT (subject, host_group, state) DO UPDATE SET n = c.n + excluded.n
