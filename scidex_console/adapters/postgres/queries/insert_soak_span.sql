INSERT INTO scidex_console.soak_span (phase_id, kind, began_at, until_at, why)
VALUES (%(phase_id)s, %(kind)s, now(), now(), %(why)s)
