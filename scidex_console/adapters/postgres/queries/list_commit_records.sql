SELECT r.op, r.kind, b.uid, r.commit_id, r.epoch
FROM scidex_console.commit_record AS r JOIN scidex_console.batch AS b ON b.id = r.batch_id
ORDER BY r.recorded_at, r.op, r.kind
