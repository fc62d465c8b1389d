-- The newest run of each job: the open one, if there is one.
SELECT DISTINCT ON (job) * FROM scidex_console.run ORDER BY job, id DESC
