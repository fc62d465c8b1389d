-- Rows that may be asked now and failed before, by their last failure: a back-off ended, or a retry asked for them.
-- A partial index holds just the rows that were asked before; the limit bounds the time should they be many.
SELECT last_outcome, count(*) AS n
FROM (SELECT last_outcome FROM scidex_console.figure
      WHERE state = 'due' AND last_outcome <> '' AND due_at <= now()
          AND last_outcome IN ('transient', 'blocked', 'suspect', 'refused')
      LIMIT %(most)s) AS again
GROUP BY last_outcome ORDER BY last_outcome
