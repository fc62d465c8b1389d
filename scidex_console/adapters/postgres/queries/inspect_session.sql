-- From the catalogue alone: names that one may not look up would be errors.
WITH own AS (
    SELECT c.relname AS name, c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'scidex_console'
), rights AS (
    SELECT (SELECT bool_and(has_table_privilege(oid, 'SELECT')) FROM own WHERE name IN ('engine', 'batch', 'figure'))
               AND (SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = 'scidex_console')
               AND has_table_privilege(to_regclass('artifacts'), 'SELECT') AS may_read,
        (SELECT bool_or(has_function_privilege(p.oid, 'EXECUTE'))
         FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
         WHERE n.nspname = 'scidex_console' AND p.proname = 'submit_intent') AS may_ask,
        (SELECT has_table_privilege(oid, 'INSERT') FROM own WHERE name = 'batch')
            AND has_column_privilege(to_regclass('artifacts'), 'metadata', 'UPDATE') AS may_work
)
SELECT current_database() AS database, session_user::text AS account, clock_timestamp() AS now,
    current_setting('max_connections')::int - (SELECT sum(numbackends)::int FROM pg_stat_database) AS connections_left,
    coalesce(may_read, false) AS may_read, coalesce(may_ask, false) AS may_ask, coalesce(may_work, false) AS may_work,
    EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('artifacts') AND attname = 'file_path'
            AND attnum > 0 AND NOT attisdropped) AS file_path_is_column
FROM rights
