UPDATE scidex_console.batch
SET state = %(state)s,
    push_state = CASE WHEN %(state)s IN ('rolled_back', 'partly_rolled_back') THEN '' ELSE push_state END,
    settled_at = CASE WHEN %(state)s IN ('cleaned', 'rolled_back', 'partly_rolled_back', 'empty') THEN now() END
WHERE id = %(batch_id)s
