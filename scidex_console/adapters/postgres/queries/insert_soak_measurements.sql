INSERT INTO scidex_console.soak_measurement (phase_id, check_id, at, standing, figure, words, fingerprint)
SELECT %(phase_id)s, m.check_id, now(), m.standing, m.figure, m.words, m.fingerprint
FROM jsonb_to_recordset(%(measurements)s)
    AS m (check_id text, standing text, figure float8, words text, fingerprint text)
