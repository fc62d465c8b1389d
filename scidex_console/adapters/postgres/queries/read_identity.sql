SELECT current_database() AS database, current_setting('server_version') AS server_version,
    session_user::text AS operator,
    has_function_privilege('scidex_console.submit_intent(text, text, jsonb, text, text, text)', 'EXECUTE')
        AS can_write_intents,
    coalesce((SELECT max(version) FROM scidex_console.schema_version), 0) AS schema_version,
    EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'artifacts'::regclass AND attname = 'file_path'
            AND attnum > 0 AND NOT attisdropped) AS file_path_is_column
