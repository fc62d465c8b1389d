-- Dead and suspected figures with an address, in an order that mixes hosts.
SELECT artifact_id, url FROM scidex_console.figure
WHERE state IN ('dead', 'suspected') AND url <> '' ORDER BY md5(artifact_id)
