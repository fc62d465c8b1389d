SELECT a.action, a.op, b.uid, coalesce(a.after->>'commit', '') AS commit_id, a.authorization_ref, a.epoch
FROM scidex_console.audit AS a JOIN scidex_console.batch AS b ON b.id = a.batch_id
WHERE a.op IS NOT NULL ORDER BY a.id
