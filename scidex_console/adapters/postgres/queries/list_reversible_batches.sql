-- By job, the newest batch that stands (or a part of it), and the newest that was taken back (or a part of it).
SELECT j.job,
    (SELECT max(b.id) FROM scidex_console.batch AS b
     WHERE b.job = j.job AND b.state IN ('done', 'cleaned', 'partly_rolled_back')) AS done,
    (SELECT max(b.id) FROM scidex_console.batch AS b
     WHERE b.job = j.job AND b.state IN ('rolled_back', 'partly_rolled_back')) AS taken_back
FROM (VALUES ('figures'), ('folders')) AS j (job)
-- Not by EXISTS, of which the planner makes a look at every batch.
WHERE (SELECT b.id FROM scidex_console.batch AS b WHERE b.job = j.job ORDER BY b.id DESC LIMIT 1) IS NOT NULL
