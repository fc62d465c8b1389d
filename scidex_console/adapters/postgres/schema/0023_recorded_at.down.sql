ALTER TABLE scidex_console.fetch_attempt DROP COLUMN recorded_at;
