SELECT count(*) AS failures,
    (SELECT count(*) FROM scidex_console.batch WHERE created_at >= %(since)s AND created_at < %(until)s) AS batches
FROM scidex_console.commit_failure
WHERE at >= %(since)s AND at < %(until)s
