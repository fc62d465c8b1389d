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
), promised AS (
    -- The first of the configured sources that says anything, as where files are verified.
    SELECT j.*, coalesce(
        CASE (%(sources)s::text[])[1] WHEN 'content_hash' THEN content_hash WHEN 'metadata.file_sha256' THEN file_sha256 END,
        CASE (%(sources)s::text[])[2] WHEN 'content_hash' THEN content_hash WHEN 'metadata.file_sha256' THEN file_sha256 END
    ) AS expected
    FROM judged AS j
), artifacts_judged AS (
    SELECT count(*) FILTER (WHERE migrated AND has_files) AS succeeded,
        count(*) FILTER (WHERE migrated AND has_files AND moved = expected) AS verified,
        count(*) FILTER (WHERE migrated AND has_files AND expected IS NULL) AS unpromised,
        count(*) FILTER (WHERE NOT migrated AND status = 'hash_mismatch') AS flagged,
        count(*) FILTER (WHERE NOT migrated AND status IN ('hash_mismatch', 'quarantined', 'error', 'skipped')) AS failed
    FROM promised
), turns AS MATERIALIZED (
    -- Passes of the batches that git has heard of since the survey counted the files: when each came, and went.
    SELECT r.batch_id, split_part(r.op, '/', 2)::int AS pass_no,
        min(r.recorded_at) FILTER (WHERE r.kind = 'apply') AS came, max(r.recorded_at) FILTER (WHERE r.kind = 'undo') AS went
    FROM scidex_console.commit_record AS r
    WHERE r.kind IN ('apply', 'undo') AND r.batch_id IN (
        SELECT s.batch_id FROM scidex_console.commit_record AS s, scidex_console.folder_census AS c
        WHERE s.kind IN ('apply', 'undo') AND s.recorded_at > c.surveyed_at)
    GROUP BY 1, 2
), since AS (
    -- Their operations: whether each stands now, less whether it stood then. What a rollback kept stands.
    SELECT o.id, (o.state IN ('done', 'kept'))::int - coalesce(bool_or(t.came <= c.surveyed_at AND CASE
            -- Of several rollbacks of a pass, the log knows which took a folder back.
            WHEN t.pass_no < o.pass_no THEN c.surveyed_at < coalesce((
                SELECT min(l.created_at) FROM artifact_migration_log AS l
                WHERE l.artifact_id = o.artifact_id AND l.status = 'rolled_back' AND l.created_at > t.came), t.went)
            WHEN t.pass_no > o.pass_no THEN false
            WHEN o.state = 'rolled_back' THEN c.surveyed_at < (
                SELECT u.recorded_at FROM scidex_console.commit_record AS u WHERE u.op = o.undo_op AND u.kind = 'undo')
            ELSE o.state IN ('done', 'kept')
        END), false)::int AS sign
    FROM scidex_console.operation AS o
    JOIN turns AS t ON t.batch_id = o.batch_id
    CROSS JOIN scidex_console.folder_census AS c
    GROUP BY o.id, o.state
), changed AS (
    SELECT coalesce(sum(s.sign * e.n), 0)::bigint AS files
    FROM since AS s
    JOIN scidex_console.operation AS o ON o.id = s.id
    CROSS JOIN LATERAL (
        SELECT (o.staged IS NOT NULL)::int + count(*) FILTER (WHERE x.role <> 'link' AND x.replaced IS NULL)
            - count(*) FILTER (WHERE x.leaves_source)
            - coalesce(o.replacement -> 'after' = 'null', false)::int AS n
        FROM scidex_console.operation_entry AS x WHERE x.operation_id = o.id
    ) AS e
    WHERE s.sign <> 0
), decided AS (
    -- Files that no row claimed, which people have decided to delete, and have not taken back.
    SELECT count(*) AS files
    FROM scidex_console.batch AS b
    JOIN scidex_console.operation AS o ON o.batch_id = b.id AND o.state IN ('done', 'kept')
    WHERE b.decision_id IS NOT NULL AND starts_with(o.artifact_id, 'orphan:') AND o.replacement -> 'after' = 'null'
), links AS (
    -- A row may name a folder that is not there yet, or that stands until it is laid out again.
    SELECT count(*) AS links, count(*) FILTER (WHERE target.id IS NULL) AS lost,
        count(*) FILTER (WHERE target.id IS NOT NULL AND target.migrated_to_folder_at IS NULL
            AND (target.artifact_dir IS NULL OR NOT EXISTS (
                SELECT FROM scidex_console.operation AS t JOIN scidex_console.operation_entry AS m ON m.operation_id = t.id
                WHERE t.artifact_id = target.id AND t.state IN ('done', 'kept') AND m.role = 'manifest'))) AS dangling
    FROM scidex_console.batch AS b
    JOIN scidex_console.operation AS o ON o.batch_id = b.id AND o.state IN ('done', 'kept')
    JOIN scidex_console.operation_entry AS e ON e.operation_id = o.id AND e.role = 'link'
    LEFT JOIN artifacts AS target ON target.artifact_id::text = right(e.path, 36)
    WHERE b.job = 'folders' AND b.state IN ('done', 'cleaned', 'rolled_back', 'partly_rolled_back')
)
SELECT j.*, d.files AS files_decided, l.links, l.dangling, l.lost, c.files_at_start, c.files + x.files AS files, c.orphans, c.bytes_at_start, c.bytes,
    c.bytes_repacked, c.hash_advice, c.surveyed_at
FROM artifacts_judged AS j, links AS l, changed AS x, decided AS d, scidex_console.folder_census AS c
