-- Operators' consoles by their beats; read-only ones by the name of a connection, which everybody may see and
-- which goes with the connection.
SELECT operator, account, origin, pid, screen, since, active_at, seen_at, NULL AS name
FROM scidex_console.presence WHERE seen_at > now() - make_interval(secs => %(lapses_after_s)s)
UNION ALL
SELECT r.rolname::text, '', '', 0, '', NULL, NULL, now(), a.application_name
FROM pg_stat_activity AS a JOIN pg_roles AS r ON r.oid = a.usesysid
WHERE a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND a.application_name LIKE 'scidex-watch/%%'
