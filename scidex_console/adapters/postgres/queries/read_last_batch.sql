SELECT id FROM scidex_console.batch WHERE job = %(job)s AND state IN ('done', 'cleaned') ORDER BY id DESC LIMIT 1
