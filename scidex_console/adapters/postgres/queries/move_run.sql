UPDATE scidex_console.run
SET state = %(after)s, steps_left = %(steps)s, step_unit = %(step_unit)s, waits_on = %(waits_on)s,
    halt_reason = %(halt_reason)s, halt_bytes_needed = %(halt_bytes_needed)s,
    finished_at = CASE WHEN %(after)s IN ('done', 'cancelled') THEN now() END
WHERE id = %(id)s AND state = %(before)s
RETURNING *
