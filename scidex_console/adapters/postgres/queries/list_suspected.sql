SELECT artifact_id FROM scidex_console.figure
WHERE state = 'suspected' AND host_group = %(host_group)s ORDER BY artifact_id
