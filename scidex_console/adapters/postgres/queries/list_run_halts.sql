-- In the order in which they were told: each halt, and what ended it.
SELECT run_id, at, action = 'run:halt' AS halted FROM scidex_console.audit
WHERE action IN ('run:halt', 'run:resume', 'run:cancel') AND run_id IS NOT NULL ORDER BY id
