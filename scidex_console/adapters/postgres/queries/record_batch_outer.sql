UPDATE scidex_console.batch
SET outer_commit = CASE WHEN %(commit_id)s = '' THEN outer_commit ELSE %(commit_id)s END, push_state = %(push)s
WHERE id = %(batch_id)s AND state = %(state)s AND pass_no = %(pass_no)s AND undo_no = %(undo_no)s
