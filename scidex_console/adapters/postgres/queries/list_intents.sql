-- All that are open, and the last few that are settled.
(SELECT * FROM scidex_console.intent WHERE state IN ('requested', 'accepted', 'waiting'))
UNION ALL
(SELECT * FROM scidex_console.intent WHERE state NOT IN ('requested', 'accepted', 'waiting')
 ORDER BY id DESC LIMIT %(settled)s)
ORDER BY id DESC
