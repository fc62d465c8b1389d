INSERT INTO scidex_console.soak_override (phase_id, phase, shut_by, operator, origin, reason)
VALUES (%(phase_id)s, %(phase)s, %(shut_by)s, %(operator)s, %(origin)s, %(reason)s)
