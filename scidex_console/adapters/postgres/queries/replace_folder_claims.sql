WITH before AS (
    DELETE FROM scidex_console.folder_claim AS c
    WHERE c.artifact_id = ANY(%(ids)s)
      AND NOT EXISTS (SELECT FROM jsonb_to_recordset(%(claims)s) AS n (path text, artifact_id text)
                      WHERE n.path = c.path AND n.artifact_id = c.artifact_id)
)
INSERT INTO scidex_console.folder_claim (path, artifact_id, ordinal)
SELECT n.path, n.artifact_id, n.ordinal
FROM jsonb_to_recordset(%(claims)s) AS n (path text, artifact_id text, ordinal int)
ON CONFLICT DO NOTHING
