INSERT INTO scidex_console.operation_entry (operation_id, ordinal, role, path, mode, blob, sha256, size_bytes, source,
    leaves_source, content, replaced, staged, standing)
SELECT o.id, e.ordinal, e.role, e.path, e.mode, e.blob, e.sha256, e.size_bytes, e.source, e.leaves_source,
    decode(e.content, 'base64'), decode(e.replaced, 'base64'), e.staged, e.standing
FROM jsonb_to_recordset(%(entries)s) AS e (artifact_id text, ordinal int, role text, path text, mode text, blob text,
    sha256 text, size_bytes bigint, source text, leaves_source boolean, content text, replaced text,
    staged text, standing boolean)
JOIN scidex_console.operation AS o ON o.batch_id = %(batch_id)s AND o.artifact_id = e.artifact_id
