SELECT name, created_at, created_by, reason, revoked_at, revoked_by FROM scidex_console.token ORDER BY name
