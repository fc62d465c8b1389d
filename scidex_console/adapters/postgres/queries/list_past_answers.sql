-- What a group answered last, figures and controls, in the order in which the answers were whole.
WITH answers AS (
    (SELECT started_at, took_ms, artifact_id, CASE outcome WHEN 'dead' THEN 'gone' ELSE 'image' END AS said
     FROM scidex_console.fetch_attempt
     WHERE host_group = %(host_group)s AND outcome IN ('dead', 'stored') AND requests > 0
     ORDER BY id DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT at, 0, '', result FROM scidex_console.control_check
     WHERE host_group = %(host_group)s AND result IN ('passed', 'failed') ORDER BY id DESC LIMIT %(limit)s)
)
SELECT t.said, t.artifact_id,
    CASE WHEN f.state = 'suspected' THEN extract(epoch FROM t.started_at - f.suspected_at)::float8 END AS suspected_for_s
FROM answers AS t LEFT JOIN scidex_console.figure AS f ON f.artifact_id = t.artifact_id
-- What was found elsewhere says nothing about its recorded address.
WHERE t.said <> 'image' OR coalesce(f.resolved_by, '') = ''
ORDER BY t.started_at + t.took_ms * interval '1 millisecond'
