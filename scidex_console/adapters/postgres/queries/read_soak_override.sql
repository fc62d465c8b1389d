-- The newest since the phase under way was begun.
SELECT * FROM scidex_console.soak_override
WHERE phase_id IS NOT DISTINCT FROM (SELECT max(id) FROM scidex_console.soak_phase) ORDER BY id DESC LIMIT 1
