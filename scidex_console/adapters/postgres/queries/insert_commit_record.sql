INSERT INTO scidex_console.commit_record (op, kind, batch_id, commit_id, epoch)
VALUES (%(op)s, %(kind)s, %(batch_id)s, %(commit_id)s, %(epoch)s)
ON CONFLICT (op, kind) DO NOTHING
RETURNING op
