-- Of these artifacts, those whose advisory lock (the spec's) somebody else holds; the others' are ours until the end of
-- the transaction.
SELECT i AS artifact_id FROM unnest(%(ids)s::text[]) AS i
WHERE NOT pg_try_advisory_xact_lock(hashtext('artifact_folder_migration:' || i))
