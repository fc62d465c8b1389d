-- The spec's advisory lock per artifact, and one open operation per artifact over all batches.
INSERT INTO scidex_console.operation (batch_id, artifact_id, state, fields, before, after, path, sha256, size_bytes,
    staged, reason, log, replacement, registers)
SELECT %(batch_id)s, o.artifact_id, 'prepared', o.fields, o.before, o.after, o.path, o.sha256, o.size_bytes, o.staged,
    o.reason, coalesce(o.log, '{}'), nullif(o.replacement, 'null'), nullif(o.registers, 'null')
FROM jsonb_to_recordset(%(operations)s) AS o (artifact_id text, fields text[], before jsonb, after jsonb, path text,
    sha256 text, size_bytes bigint, staged text, reason text,
    log jsonb, replacement jsonb, registers jsonb)
WHERE pg_try_advisory_xact_lock(hashtext('artifact_folder_migration:' || o.artifact_id))
ON CONFLICT DO NOTHING
RETURNING artifact_id
