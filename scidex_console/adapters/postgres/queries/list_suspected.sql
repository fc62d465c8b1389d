-- Figures of a group that are said to be gone, the address that said so, and whether only HEAD was asked.
SELECT f.artifact_id, coalesce(nullif(t.final_url, ''), f.url) AS said_by,
    NOT EXISTS (SELECT FROM jsonb_array_elements(t.hops) AS hop
                WHERE hop->>'method' = 'GET' AND hop->>'url' = t.final_url) AS to_head
FROM scidex_console.figure AS f LEFT JOIN scidex_console.fetch_attempt AS t ON t.id = f.last_attempt_id
WHERE f.state = 'suspected' AND f.host_group = %(host_group)s ORDER BY f.artifact_id
