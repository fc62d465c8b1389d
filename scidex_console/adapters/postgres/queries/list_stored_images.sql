-- Figures of a group that were fetched whole, the newest first: what a control can be.
SELECT url, sha256 FROM scidex_console.fetch_attempt
WHERE host_group = %(host_group)s AND outcome = 'stored' AND sha256 <> '' AND requests > 0
ORDER BY id DESC LIMIT %(limit)s
