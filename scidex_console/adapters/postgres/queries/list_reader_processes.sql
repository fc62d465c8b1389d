SELECT name, operator, flag, legacy, version, since, seen_at FROM scidex_console.reader_process
WHERE seen_at > now() - interval '1 minute' ORDER BY name, since
