-- A UUID is an artifact's for ever: it stays when a batch is taken back, as other folders link to it. Rows that
-- somebody holds locked are left out.
UPDATE artifacts AS a SET artifact_id = gen_random_uuid()
FROM (SELECT id FROM artifacts WHERE id = ANY(%(ids)s) AND artifact_id IS NULL ORDER BY id
      FOR UPDATE SKIP LOCKED) AS m
WHERE a.id = m.id
