SELECT count(*) FILTER (WHERE state = 'staged') AS files, count(*) FILTER (WHERE state = 'condemned') AS marks
FROM scidex_console.figure WHERE state IN ('staged', 'condemned')
