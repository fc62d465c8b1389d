WITH blobs AS (
    UPDATE scidex_console.operation AS o SET blob = b.value
    FROM jsonb_each_text(%(blobs)s) AS b (path, value)
    WHERE o.batch_id = %(batch_id)s AND o.path = b.path
)
UPDATE scidex_console.batch
SET commit_id = CASE WHEN %(kind)s = 'apply' THEN %(commit_id)s ELSE commit_id END,
    inverse_commit = CASE %(kind)s WHEN 'undo' THEN %(commit_id)s WHEN 'apply' THEN '' ELSE inverse_commit END
WHERE id = %(batch_id)s
