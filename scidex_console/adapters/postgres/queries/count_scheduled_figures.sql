-- Partial indexes hold just these rows; the limit bounds the time should nearly all be among them.
SELECT (SELECT count(*) FROM (SELECT FROM scidex_console.figure WHERE state = 'due' AND due_at > now()
                              LIMIT %(most)s) AS later) AS scheduled,
    count(*) FILTER (WHERE last_outcome = 'transient') AS transient,
    count(*) FILTER (WHERE last_outcome = 'blocked') AS blocked
FROM (SELECT last_outcome FROM scidex_console.figure WHERE state = 'due' AND last_outcome <> ''
      LIMIT %(most)s) AS failed
