SELECT id::text AS id FROM scidex_console.journal
