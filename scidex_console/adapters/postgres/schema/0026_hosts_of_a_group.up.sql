-- The hosts that a group's hold is of: one that another configuration has put elsewhere is left alone as long.
ALTER TABLE scidex_console.host_state ADD COLUMN hosts text[] NOT NULL DEFAULT '{}';
