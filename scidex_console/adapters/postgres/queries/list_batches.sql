SELECT b.*, c.files, c.adopted, c.marks, c.skipped, c.conflicts
FROM scidex_console.batch AS b
CROSS JOIN LATERAL (
    -- A path without a staged file: one that was there before, and was adopted.
    SELECT count(*) FILTER (WHERE path IS NOT NULL AND staged IS NOT NULL AND state NOT IN ('skipped', 'conflict')) AS files,
           count(*) FILTER (WHERE path IS NOT NULL AND staged IS NULL
                            AND state NOT IN ('skipped', 'conflict')) AS adopted,
           count(*) FILTER (WHERE path IS NULL AND state NOT IN ('skipped', 'conflict')) AS marks,
           count(*) FILTER (WHERE state = 'skipped') AS skipped,
           count(*) FILTER (WHERE state = 'conflict') AS conflicts
    FROM scidex_console.operation WHERE batch_id = b.id
) AS c
WHERE (%(job)s::text IS NULL OR b.job = %(job)s)
    AND (%(before_id)s::bigint IS NULL OR b.id < %(before_id)s)
    AND (%(id)s::bigint IS NULL OR b.id = %(id)s)
ORDER BY b.id DESC LIMIT %(limit)s
