UPDATE scidex_console.run SET steps_left = greatest(steps_left - 1, 0)
WHERE id = %(id)s AND steps_left IS NOT NULL
RETURNING *
