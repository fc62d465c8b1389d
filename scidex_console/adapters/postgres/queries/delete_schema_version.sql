DELETE FROM scidex_console.schema_version WHERE version = %(version)s
