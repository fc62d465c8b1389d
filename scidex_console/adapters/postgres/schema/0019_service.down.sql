DROP FUNCTION IF EXISTS scidex_console.token_name, scidex_console.revoke_token, scidex_console.create_token;
DROP TABLE IF EXISTS scidex_console.token;
DROP INDEX IF EXISTS scidex_console.operation_entry_by_source;
