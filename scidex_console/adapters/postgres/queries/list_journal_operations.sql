SELECT * FROM scidex_console.operation ORDER BY batch_id, id
