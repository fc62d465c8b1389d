-- Those settled last come last, such as one that was taken back: the tip is theirs.
SELECT * FROM scidex_console.batch
WHERE state IN ('cleaned', 'rolled_back', 'partly_rolled_back') AND push_state NOT IN ('pushed', 'none') ORDER BY settled_at, id
