UPDATE scidex_console.batch
SET state = 'prepared', pass_no = pass_no + 1, base_commit = %(base_commit)s, epoch = %(epoch)s,
    authorization_ref = %(authorization)s, commit_id = '', outer_commit = '', push_state = '', settled_at = NULL, undo_no = 0,
    undo_plan = ''
WHERE id = %(batch_id)s AND pass_no = %(pass_no)s AND state IN ('rolled_back', 'partly_rolled_back')
RETURNING id
