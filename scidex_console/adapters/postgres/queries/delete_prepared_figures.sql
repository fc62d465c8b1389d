DELETE FROM scidex_console.figure WHERE artifact_id = ANY(%(ids)s) AND state IN ('staged', 'condemned')
