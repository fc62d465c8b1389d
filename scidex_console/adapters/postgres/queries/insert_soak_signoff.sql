INSERT INTO scidex_console.soak_signoff (phase_id, check_id, fingerprint, evidence, operator, origin, reason)
VALUES (%(phase_id)s, %(check_id)s, %(fingerprint)s, %(evidence)s, %(operator)s, %(origin)s, %(reason)s)
