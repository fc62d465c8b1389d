SELECT * FROM scidex_console.intent
WHERE cancel_requested AND state IN ('requested', 'accepted', 'waiting') ORDER BY id FOR UPDATE SKIP LOCKED
