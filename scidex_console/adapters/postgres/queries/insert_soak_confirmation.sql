INSERT INTO scidex_console.soak_confirmation (phase_id, step_id, operator, origin, reason)
VALUES (%(phase_id)s, %(step_id)s, %(operator)s, %(origin)s, %(reason)s)
