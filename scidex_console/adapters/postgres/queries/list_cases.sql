-- What waits for a person, of both jobs, by kind, job and id, from a key on (see `windows`); with the note it was left with last.
WITH waiting AS (
    SELECT 'folders' AS job, f.artifact_id, f.state AS kind, f.reason, f.changed_at AS since, f.attempts
    FROM scidex_console.folder AS f
    WHERE f.state IN ('hash_mismatch', 'quarantined')
        AND (%(ids)s::text[] IS NULL OR f.artifact_id = ANY (%(ids)s))
    UNION ALL
    SELECT 'figures', g.artifact_id, g.state, coalesce(t.reason, 'never attempted'), g.changed_at, g.attempts
    FROM scidex_console.figure AS g
    LEFT JOIN scidex_console.fetch_attempt AS t ON t.id = g.last_attempt_id
    WHERE g.state IN ('suspect', 'refused', 'quarantined')
        AND (%(ids)s::text[] IS NULL OR g.artifact_id = ANY (%(ids)s))
)
SELECT w.*, coalesce(a.artifact_type, '') AS artifact_type, coalesce(a.title, '') AS title,
    coalesce(d.n, 0) AS decisions, CASE WHEN d.last = 'leave' THEN d.reason ELSE '' END AS note
FROM waiting AS w
JOIN artifacts AS a ON a.id = w.artifact_id
LEFT JOIN LATERAL (
    SELECT count(*) OVER ()::int AS n, c.decision AS last, c.reason
    FROM scidex_console.triage_result AS r
    JOIN scidex_console.triage_decision AS c ON c.id = r.decision_id
    WHERE r.artifact_id = w.artifact_id AND r.state = 'applied'
    ORDER BY r.decision_id DESC LIMIT 1
) AS d ON true
WHERE (w.job = 'figures' OR a.migrated_to_folder_at IS NULL)
    AND (%(only_job)s::text IS NULL OR w.job = %(only_job)s)
    AND (%(only_kind)s::text = '' OR w.kind = ANY (string_to_array(%(only_kind)s, ',')))
    AND (%(pattern)s::text = '' OR w.artifact_id ILIKE %(pattern)s OR a.title ILIKE %(pattern)s
         OR w.kind ILIKE %(pattern)s OR replace(w.kind, '_', ' ') ILIKE %(pattern)s
         OR w.reason ILIKE %(pattern)s OR a.artifact_type ILIKE %(pattern)s)
    AND (%(kind)s::text IS NULL OR (w.kind, w.job, w.artifact_id) /*from*/ >= (%(kind)s, %(job)s, %(artifact_id)s))
ORDER BY w.kind /*way*/ ASC, w.job /*way*/ ASC, w.artifact_id /*way*/ ASC LIMIT %(limit)s
