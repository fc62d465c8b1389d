DROP INDEX scidex_console.intent_by_decision;
DROP INDEX scidex_console.audit_by_intent;
