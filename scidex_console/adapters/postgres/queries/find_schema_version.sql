SELECT to_regclass('scidex_console.schema_version') AS found
