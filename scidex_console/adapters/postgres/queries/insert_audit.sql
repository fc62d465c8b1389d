INSERT INTO scidex_console.audit (operator, origin, reason, version, authorization_ref, epoch, action, job,
    intent_id, run_id, batch_id, op, before, after, outcome)
SELECT %(operator)s, %(origin)s, %(reason)s, %(version)s, authorization_ref, %(epoch)s, %(action)s, %(job)s,
    %(intent_id)s, %(run_id)s, %(batch_id)s, %(op)s, %(before)s, %(after)s, %(outcome)s
FROM scidex_console.engine
