UPDATE scidex_console.run SET steps_left = greatest(steps_left - 1, 0)
WHERE id = %(run_id)s AND state = 'stepping' AND step_unit = 'item'
