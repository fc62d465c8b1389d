INSERT INTO scidex_console.schema_version (version, name, checksum)
VALUES (%(version)s, %(name)s, %(checksum)s)
RETURNING version, name, checksum, applied_at, applied_by
