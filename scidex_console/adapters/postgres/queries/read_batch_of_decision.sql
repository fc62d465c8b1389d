SELECT id FROM scidex_console.batch WHERE decision_id = %(decision)s
