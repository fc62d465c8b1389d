-- Without what manifests and links hold: their hashes are enough to know them by.
SELECT operation_id, role, path, mode, blob, sha256, size_bytes, source, leaves_source, NULL::bytea AS content, replaced,
    staged, standing
FROM scidex_console.operation_entry ORDER BY operation_id, ordinal
