-- What a batch did was allowed by its own authorization; an engine's holds otherwise.
INSERT INTO scidex_console.audit (operator, origin, reason, version, authorization_ref, epoch, action, job,
    intent_id, run_id, batch_id, op, before, after, outcome)
SELECT %(operator)s, %(origin)s, %(reason)s, %(version)s,
    coalesce(nullif(%(authorization)s::text, ''), authorization_ref), %(epoch)s, %(action)s, %(job)s,
    %(intent_id)s, %(run_id)s, %(batch_id)s, %(op)s, %(before)s, %(after)s, %(outcome)s
FROM scidex_console.engine
