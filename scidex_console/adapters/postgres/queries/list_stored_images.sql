-- Figures of a group that were fetched whole, so many of each host, the newest first: what a control can be.
SELECT url, sha256 FROM (
SELECT id, url, sha256, row_number() OVER (PARTITION BY host ORDER BY id DESC) AS nth
FROM scidex_console.fetch_attempt AS t
WHERE host_group = %(host_group)s AND outcome = 'stored' AND sha256 <> '' AND requests > 0
  -- What was found elsewhere says nothing about its recorded address.
  AND NOT EXISTS (SELECT FROM scidex_console.figure AS f
                  WHERE f.artifact_id = t.artifact_id AND f.resolved_by <> '')
) AS stored WHERE nth <= %(limit)s ORDER BY nth, id DESC LIMIT %(most)s
