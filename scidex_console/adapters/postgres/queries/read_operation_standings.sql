SELECT id, state, reason, pass_no, undo_op, commit_id, blob
FROM scidex_console.operation WHERE batch_id = %(batch_id)s
