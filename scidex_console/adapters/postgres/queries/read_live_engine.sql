SELECT CASE WHEN running AND heartbeat_at > now() - interval '30 seconds' THEN holder END AS holder
FROM scidex_console.engine
