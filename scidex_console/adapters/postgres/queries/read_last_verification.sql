SELECT at, checked, broken FROM scidex_console.verification ORDER BY id DESC LIMIT 1
