-- What the audit says of one artifact: by the intents that decided about it, beside its batches.
CREATE INDEX audit_by_intent ON scidex_console.audit (intent_id) WHERE intent_id IS NOT NULL;
CREATE INDEX intent_by_decision ON scidex_console.intent ((params ->> 'decision')) WHERE action = 'triage';
