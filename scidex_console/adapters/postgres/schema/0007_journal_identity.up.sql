-- The journal's identity: every commit bears it, so that a journal made anew after the schema was taken back
-- never takes commits of the one before for its own. A journal that is there already gets one now.
CREATE TABLE scidex_console.journal (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    made_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO scidex_console.journal DEFAULT VALUES;
CREATE TRIGGER journal_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON scidex_console.journal
    FOR EACH STATEMENT EXECUTE FUNCTION scidex_console.refuse_change();
GRANT SELECT ON scidex_console.journal TO scidex_viewer, scidex_engine;

-- Halts and resumes are told in the audit from now on; of a run that is halted already, that it is.
INSERT INTO scidex_console.audit (operator, origin, version, action, job, run_id, after, outcome)
SELECT session_user, 'schema', '', 'run:halt', job, id, jsonb_build_object('state', state), halt_reason
FROM scidex_console.run WHERE state = 'halted';
CREATE INDEX audit_of_halts ON scidex_console.audit (run_id, id)
    WHERE action IN ('run:halt', 'run:resume', 'run:cancel');
