INSERT INTO scidex_console.soak_phase (phase, needed_s, overridden, operator, origin, reason)
VALUES (%(phase)s, %(needed_s)s, %(overridden)s, %(operator)s, %(origin)s, %(reason)s)
