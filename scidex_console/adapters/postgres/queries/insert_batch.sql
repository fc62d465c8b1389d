INSERT INTO scidex_console.batch (uid, job, run_id, state, epoch, authorization_ref, base_commit, decision_id,
    writer)
VALUES (%(uid)s, %(job)s, %(run_id)s, 'prepared', %(epoch)s, %(authorization)s, %(base_commit)s, %(decision)s,
    %(writer)s)
RETURNING id
