ALTER TABLE scidex_console.host_state DROP COLUMN hours, DROP COLUMN opens_at;
ALTER TABLE scidex_console.control_check DROP COLUMN hops;
ALTER TABLE scidex_console.fetch_attempt DROP COLUMN hops;
