-- The tables that a clean-up vacuums, SciDEX's own first, whether this role may, and when each was done last.
SELECT n.nspname AS schema, c.relname AS name, n.nspname <> 'scidex_console' AS of_scidex,
    (pg_has_role(c.relowner, 'USAGE')
     OR (SELECT pg_has_role(d.datdba, 'USAGE') FROM pg_database AS d WHERE d.datname = current_database())
     OR CASE WHEN current_setting('server_version_num')::int >= 170000
        THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE false END) AS may,
    CASE WHEN s.last_vacuum IS NOT NULL AND s.last_analyze IS NOT NULL THEN least(s.last_vacuum, s.last_analyze) END AS at
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_user_tables AS s ON s.relid = c.oid
WHERE c.relkind = 'r' AND (n.nspname = 'scidex_console' OR c.oid IN (
    to_regclass('artifacts'), to_regclass('artifact_links'), to_regclass('artifact_migration_log')))
ORDER BY of_scidex DESC, c.relname
