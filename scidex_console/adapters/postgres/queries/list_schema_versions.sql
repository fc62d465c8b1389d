SELECT version, name, checksum, applied_at, applied_by FROM scidex_console.schema_version ORDER BY version
