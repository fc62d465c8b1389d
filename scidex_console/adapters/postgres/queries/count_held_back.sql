-- Why figures are held back: by what became of the last operation on each. The limit bounds the time.
SELECT coalesce(o.state, '') AS cause, count(*) AS n
FROM (SELECT artifact_id FROM scidex_console.figure WHERE state = 'held_back' LIMIT %(most)s) AS f
LEFT JOIN LATERAL (
    SELECT state FROM scidex_console.operation WHERE artifact_id = f.artifact_id ORDER BY id DESC LIMIT 1
) AS o ON true
GROUP BY 1 ORDER BY n DESC, cause
