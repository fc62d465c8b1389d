ALTER TABLE scidex_console.host_state DROP COLUMN hosts;
