-- Who may write from when on is told in the audit: what an epoch of an observing engine holds is a break.
WITH taken AS (
    UPDATE scidex_console.engine
    SET epoch = greatest(epoch, %(at_least)s) + 1, holder = %(holder)s, running = true, started_at = now(),
        heartbeat_at = now(), version = %(version)s, writes = %(writes)s, authorization_ref = %(authorization)s,
        environment = %(environment)s, note = ''
    RETURNING *
), told AS (
    INSERT INTO scidex_console.audit (operator, origin, version, authorization_ref, epoch, action, after, outcome)
    SELECT 'engine', holder, version, authorization_ref, epoch, 'engine:start',
        jsonb_build_object('writes', writes, 'environment', environment), 'took the store'
    FROM taken
)
SELECT epoch, (SELECT id::text FROM scidex_console.journal) AS journal FROM taken
