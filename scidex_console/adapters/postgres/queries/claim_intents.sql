WITH open AS (
    SELECT id FROM scidex_console.intent
    WHERE state IN ('requested', 'accepted', 'waiting') AND NOT cancel_requested AND NOT id = ANY(%(known)s)
    ORDER BY id FOR UPDATE SKIP LOCKED
)
UPDATE scidex_console.intent AS i
SET state = CASE WHEN i.state = 'requested' THEN 'accepted' ELSE i.state END
FROM open WHERE i.id = open.id
RETURNING i.*
