SELECT id FROM scidex_console.batch
WHERE (state IN ('prepared', 'rolling_back') OR (state = 'done' AND writer <> '')) AND id <> ALL (%(lingering)s::bigint[])
ORDER BY id
