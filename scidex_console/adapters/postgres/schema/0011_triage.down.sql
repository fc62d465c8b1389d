DROP FUNCTION scidex_console.decide;
ALTER TABLE scidex_console.operation DROP COLUMN replacement;
ALTER TABLE scidex_console.batch DROP COLUMN decision_id;
DROP TABLE scidex_console.triage_result, scidex_console.triage_decision;
