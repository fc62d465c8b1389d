SELECT (SELECT count(*) FROM scidex_console.batch WHERE state <> 'empty') AS "journalled batches",
       (SELECT count(*) FROM scidex_console.batch WHERE state IN ('prepared', 'done', 'rolling_back'))
           AS "of them still between the two stores",
       (SELECT count(*) FROM scidex_console.run WHERE state NOT IN ('done', 'cancelled')) AS "open runs",
       (SELECT count(*) FROM scidex_console.fetch_attempt) AS "logged attempts"
