WITH parts AS (
    UPDATE scidex_console.operation AS o SET commit_id = p.value
    FROM jsonb_each_text(%(parts)s) AS p (artifact_id, value)
    WHERE o.batch_id = %(batch_id)s AND o.artifact_id = p.artifact_id
)
UPDATE scidex_console.operation_entry AS e SET blob = b.value
FROM jsonb_each_text(%(blobs)s) AS b (path, value), scidex_console.operation AS o
WHERE o.batch_id = %(batch_id)s AND o.id = e.operation_id AND e.path = b.path AND e.blob = ''
