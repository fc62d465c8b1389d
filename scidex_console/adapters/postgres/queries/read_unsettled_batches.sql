SELECT id FROM scidex_console.batch WHERE state IN ('prepared', 'done', 'rolling_back') ORDER BY id
