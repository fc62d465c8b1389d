DROP FUNCTION scidex_console.record_cleanup, scidex_console.disown_adopted, scidex_console.register_adopted,
    scidex_console.decide_orphans;
DROP INDEX scidex_console.operation_by_registered;
ALTER TABLE scidex_console.operation DROP COLUMN registers;
-- Decisions about files that no row claims stay on record.
ALTER TABLE scidex_console.triage_decision
    DROP COLUMN params,
    DROP CONSTRAINT triage_decision_decision_check,
    ADD CONSTRAINT triage_decision_decision_check CHECK (decision IN (
        'restore', 'accept', 'database-only', 'redownload', 'leave', 'undo')) NOT VALID;
