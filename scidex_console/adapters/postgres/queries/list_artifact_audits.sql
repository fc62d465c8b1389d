-- The audit's rows about one artifact, newest first: of its last batches, of the intents that decided about it, and
-- of those that named it to be tried again. (Intents are what people ask for: they are few.)
WITH batches AS (
    SELECT batch_id FROM scidex_console.operation WHERE artifact_id = %(artifact_id)s ORDER BY id DESC LIMIT %(limit)s
), decisions AS (
    SELECT id FROM scidex_console.triage_decision
    WHERE artifact_ids @> ARRAY[%(artifact_id)s::text] ORDER BY id DESC LIMIT %(limit)s
), told AS (
    SELECT a.* FROM batches JOIN scidex_console.audit AS a USING (batch_id)
    UNION
    SELECT a.* FROM decisions AS d
    JOIN scidex_console.intent AS i ON i.action = 'triage' AND i.params ->> 'decision' = d.id::text
    JOIN scidex_console.audit AS a ON a.intent_id = i.id
    UNION
    SELECT a.* FROM scidex_console.intent AS i
    JOIN scidex_console.audit AS a ON a.intent_id = i.id
    WHERE i.action = 'retry' AND i.params -> 'artifact_ids' ? %(artifact_id)s
)
SELECT * FROM told ORDER BY at DESC, id DESC LIMIT %(limit)s
