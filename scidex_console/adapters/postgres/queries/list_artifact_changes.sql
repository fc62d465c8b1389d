SELECT o.batch_id, b.job, o.state, b.state AS batch_state, coalesce(nullif(o.commit_id, ''), b.commit_id) AS commit_id,
    coalesce(b.settled_at, b.created_at) AS at, o.reason
FROM scidex_console.operation AS o JOIN scidex_console.batch AS b ON b.id = o.batch_id
WHERE o.artifact_id = %(artifact_id)s ORDER BY o.id DESC LIMIT %(limit)s
