-- Only the deltas seen here go; later ones wait for the next fold, and those of a fold under way are its own.
WITH taken AS (
    DELETE FROM scidex_console.counter_delta
    WHERE ctid = ANY (ARRAY (SELECT ctid FROM scidex_console.counter_delta FOR UPDATE SKIP LOCKED))
    RETURNING subject, host_group, state, n
)
INSERT INTO scidex_console.counter AS c (subject, host_group, state, n)
SELECT subject, host_group, state, sum(n) FROM taken GROUP BY subject, host_group, state
ORDER BY subject, host_group, state
ON CONFLICT (subject, host_group, state) DO UPDATE SET n = c.n + excluded.n
