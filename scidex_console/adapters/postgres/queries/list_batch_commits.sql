SELECT op, kind, commit_id, recorded_at FROM scidex_console.commit_record
WHERE batch_id = %(batch_id)s ORDER BY recorded_at, op
