-- The newest file that the journal says was stored or adopted, and was not taken back, of each artifact.
SELECT DISTINCT ON (artifact_id) artifact_id, sha256 FROM scidex_console.operation
WHERE artifact_id = ANY(%(ids)s) AND state = 'done' AND path IS NOT NULL
ORDER BY artifact_id, id DESC
