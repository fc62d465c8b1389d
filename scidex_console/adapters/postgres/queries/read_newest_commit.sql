-- The outer repository's commits are not on that branch.
SELECT commit_id FROM scidex_console.commit_record
WHERE op = ANY(%(ops)s) AND kind <> 'pointer' ORDER BY recorded_at DESC LIMIT 1
