-- The totals by partial indexes, the rest from the work table, which holds only what is not simply next.
SELECT (SELECT count(*) FROM artifacts WHERE migrated_to_folder_at IS NULL) AS missing,
    (SELECT count(*) FROM artifacts WHERE migrated_to_folder_at IS NOT NULL) AS done,
    (SELECT next_cycle_at FROM scidex_console.folder_census) AS next_cycle_at,
    now() AS taken_at, f.*
FROM (
    SELECT count(*) FILTER (WHERE w.state = 'hash_mismatch') AS mismatch,
        count(*) FILTER (WHERE w.state = 'quarantined') AS quarantined,
        count(*) FILTER (WHERE w.state = 'held_back') AS held_back,
        -- Of these, the ones in back-off are tried again by themselves.
        count(*) FILTER (WHERE w.state = 'error' OR w.state = 'due' AND w.attempts > 0) AS error,
        count(*) FILTER (WHERE w.state = 'due' AND w.due_at > now()) AS scheduled,
        count(*) FILTER (WHERE w.state <> 'due') AS waiting
    FROM scidex_console.folder AS w
    WHERE EXISTS (SELECT FROM artifacts AS a WHERE a.id = w.artifact_id AND a.migrated_to_folder_at IS NULL)
) AS f
