-- What the specification accepts the migration by. An artifact counts by the last word of the log about it.
WITH last AS MATERIALIZED (
    SELECT DISTINCT ON (l.artifact_id) l.artifact_id, l.status, l.files_moved
    FROM artifact_migration_log AS l
    ORDER BY l.artifact_id, l.id DESC
), said AS MATERIALIZED (
    SELECT l.status, a.migrated_to_folder_at IS NOT NULL AS migrated,
        jsonb_typeof(l.files_moved) = 'array' AND l.files_moved <> '[]' AS has_files,
        lower(l.files_moved->0->>'sha256') AS moved,
        replace(lower(btrim(a.metadata->>'file_sha256')), 'sha256:', '') AS file_sha256,
        replace(lower(btrim(a.content_hash)), 'sha256:', '') AS content_hash
    FROM last AS l
    JOIN artifacts AS a ON a.id = l.artifact_id
), judged AS MATERIALIZED (
    -- What is no sha256 promises nothing. (Regular expressions would take most of this statement's time.)
    SELECT status, migrated, has_files, moved,
        CASE WHEN length(file_sha256) = 64 AND translate(file_sha256, '0123456789abcdef', '') = '' THEN file_sha256 END
            AS file_sha256,
        CASE WHEN length(content_hash) = 64 AND translate(content_hash, '0123456789abcdef', '') = '' THEN content_hash END
            AS content_hash
    FROM said
), artifacts_judged AS (
    SELECT count(*) FILTER (WHERE migrated AND has_files) AS succeeded,
        count(*) FILTER (WHERE migrated AND has_files AND moved IN (file_sha256, content_hash)) AS verified,
        count(*) FILTER (WHERE migrated AND has_files AND coalesce(file_sha256, content_hash) IS NULL) AS unpromised,
        count(*) FILTER (WHERE NOT migrated AND status = 'hash_mismatch') AS flagged,
        count(*) FILTER (WHERE NOT migrated AND status IN ('hash_mismatch', 'quarantined', 'error', 'skipped')) AS failed
    FROM judged
), since AS (
    -- What batches of either job have added and removed since the survey counted the files.
    SELECT b.id, CASE WHEN b.created_at > c.surveyed_at THEN 1 ELSE -1 END AS sign
    FROM scidex_console.batch AS b, scidex_console.folder_census AS c
    WHERE b.state IN ('done', 'cleaned', 'rolled_back', 'partly_rolled_back') AND b.created_at > c.surveyed_at
        OR b.state IN ('rolled_back', 'partly_rolled_back') AND b.created_at <= c.surveyed_at AND b.settled_at > c.surveyed_at
), changed AS (
    SELECT coalesce(sum(s.sign * e.n), 0)::bigint AS files
    FROM since AS s
    JOIN scidex_console.operation AS o ON o.batch_id = s.id
        -- What a rollback kept is still there.
        AND o.state = ANY (CASE WHEN s.sign > 0 THEN '{done,kept}'::text[] ELSE '{rolled_back}' END)
    CROSS JOIN LATERAL (
        SELECT (o.staged IS NOT NULL)::int + count(*) FILTER (WHERE x.role <> 'link' AND x.replaced IS NULL)
            - count(*) FILTER (WHERE x.leaves_source)
            - coalesce(o.replacement -> 'after' = 'null', false)::int AS n
        FROM scidex_console.operation_entry AS x WHERE x.operation_id = o.id
    ) AS e
), decided AS (
    -- Files that no row claimed, which people have decided to delete, and have not taken back.
    SELECT count(*) AS files
    FROM scidex_console.batch AS b
    JOIN scidex_console.operation AS o ON o.batch_id = b.id AND o.state IN ('done', 'kept')
    WHERE b.decision_id IS NOT NULL AND starts_with(o.artifact_id, 'orphan:') AND o.replacement -> 'after' = 'null'
), links AS (
    SELECT count(*) AS links, count(*) FILTER (WHERE target.artifact_dir IS NULL) AS dangling
    FROM scidex_console.batch AS b
    JOIN scidex_console.operation AS o ON o.batch_id = b.id AND o.state IN ('done', 'kept')
    JOIN scidex_console.operation_entry AS e ON e.operation_id = o.id AND e.role = 'link'
    LEFT JOIN artifacts AS target ON target.artifact_id::text = right(e.path, 36)
    WHERE b.job = 'folders' AND b.state IN ('done', 'cleaned', 'rolled_back', 'partly_rolled_back')
)
SELECT j.*, d.files AS files_decided, l.links, l.dangling, c.files_at_start, c.files + x.files AS files, c.orphans, c.bytes_at_start, c.bytes,
    c.bytes_repacked, c.hash_advice, c.surveyed_at
FROM artifacts_judged AS j, links AS l, changed AS x, decided AS d, scidex_console.folder_census AS c
