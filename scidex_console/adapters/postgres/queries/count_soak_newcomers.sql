-- Artifacts created since then; one that was created a moment ago may still be on its way into its folder.
SELECT count(*) AS total, count(*) FILTER (WHERE migrated_to_folder_at IS NULL) AS without
FROM artifacts
WHERE created_at >= %(since)s AND created_at <= now() - make_interval(secs => %(grace_s)s)
