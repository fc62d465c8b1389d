SELECT b.*, (
    SELECT jsonb_object_agg(n, r.commit_id) FROM generate_series(1, b.pass_no) AS n
    JOIN scidex_console.commit_record AS r ON r.op = b.uid || '/' || n AND r.kind = 'apply'
) AS applied
FROM scidex_console.batch AS b WHERE b.id = %(batch_id)s
