UPDATE scidex_console.batch
SET outer_commit = CASE WHEN %(commit_id)s = '' THEN outer_commit ELSE %(commit_id)s END, push_state = %(push)s
WHERE id = %(batch_id)s
