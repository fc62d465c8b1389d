SELECT staged FROM scidex_console.figure WHERE state = 'staged'
UNION
SELECT staged FROM scidex_console.operation WHERE state = 'prepared' AND staged IS NOT NULL
