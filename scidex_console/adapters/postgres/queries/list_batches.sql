-- From an id on, the newest first (see `windows`); with `only`, that one alone.
SELECT b.*, c.files, c.adopted, c.marks, c.skipped, c.conflicts, c.kept
FROM scidex_console.batch AS b
CROSS JOIN LATERAL (
    -- A path without a staged file: one that was there before, and was adopted. Of folders, the files are those
    -- that were moved or copied (of decisions, put back or taken out), and the marks are rows without any.
    SELECT count(*) FILTER (WHERE o.path IS NOT NULL AND o.staged IS NOT NULL AND o.state NOT IN ('skipped', 'conflict'))
               + count(*) FILTER (WHERE o.replacement -> 'before' <> o.replacement -> 'after'
                                  AND o.state NOT IN ('skipped', 'conflict'))
               + coalesce(sum(e.moved) FILTER (WHERE o.state NOT IN ('skipped', 'conflict')), 0)::bigint AS files,
           count(*) FILTER (WHERE o.path IS NOT NULL AND o.staged IS NULL
                            AND o.state NOT IN ('skipped', 'conflict')) AS adopted,
           count(*) FILTER (WHERE o.path IS NULL AND e.moved = 0
                            AND coalesce(o.replacement -> 'before' = o.replacement -> 'after', true)
                            AND o.state NOT IN ('skipped', 'conflict')) AS marks,
           count(*) FILTER (WHERE o.state = 'skipped') AS skipped,
           count(*) FILTER (WHERE o.state = 'conflict') AS conflicts,
           count(*) FILTER (WHERE o.state = 'kept') AS kept
    FROM scidex_console.operation AS o
    CROSS JOIN LATERAL (
        SELECT count(*) AS moved FROM scidex_console.operation_entry AS m
        WHERE b.job = 'folders' AND m.operation_id = o.id AND m.role IN ('moved', 'added')
    ) AS e
    WHERE o.batch_id = b.id
) AS c
WHERE (%(id)s::bigint IS NULL OR b.id /*from*/ <= %(id)s)
    AND (%(only)s::bigint IS NULL OR b.id = %(only)s)
    AND (%(job)s::text IS NULL OR b.job = %(job)s)
    AND (%(states)s::text[] IS NULL OR b.state = ANY (%(states)s))
    AND (%(artifact_id)s::text = '' OR EXISTS (
        SELECT FROM scidex_console.operation AS o WHERE o.artifact_id = %(artifact_id)s AND o.batch_id = b.id))
    AND (%(prefix)s::text = '' OR b.commit_id LIKE %(prefix)s OR b.inverse_commit LIKE %(prefix)s
         OR b.uid::text LIKE %(prefix)s)
ORDER BY b.id /*way*/ DESC LIMIT %(limit)s
