-- Under which epoch a writer that is no engine writes: the one in force.
SELECT epoch, (SELECT id::text FROM scidex_console.journal) AS journal FROM scidex_console.engine
