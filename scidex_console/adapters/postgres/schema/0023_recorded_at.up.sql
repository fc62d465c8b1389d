-- When an answer was recorded, which is the order in which attempts are listed: one that was slow was asked long before its
-- neighbours there. Attempts of before know only when they were asked and how long they took.
ALTER TABLE scidex_console.fetch_attempt ADD COLUMN recorded_at timestamptz;
ALTER TABLE scidex_console.fetch_attempt ALTER COLUMN recorded_at SET DEFAULT clock_timestamp();
