INSERT INTO scidex_console.run (job, state, steps_left, step_unit, started_at, operator, origin, reason)
VALUES (%(job)s, %(state)s, %(steps)s, %(step_unit)s, now(), %(operator)s, %(origin)s, %(reason)s)
RETURNING *
