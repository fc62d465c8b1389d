-- What the console's listings page by, in either direction. Attempts are few a second: one that waits for an index
-- of a million rows waits a second or two.
CREATE INDEX fetch_attempt_by_host ON scidex_console.fetch_attempt (host, id DESC);
CREATE INDEX fetch_attempt_by_duration ON scidex_console.fetch_attempt (took_ms DESC, id DESC);
