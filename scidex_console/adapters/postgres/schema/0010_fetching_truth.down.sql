DROP TABLE scidex_console.robots, scidex_console.death_proof, scidex_console.control_check;
ALTER TABLE scidex_console.host_state DROP COLUMN head_trust;
UPDATE scidex_console.figure SET state = 'due', due_at = now() WHERE state = 'suspected';
ALTER TABLE scidex_console.figure
    DROP COLUMN rescue_tried, DROP COLUMN resolved_by, DROP COLUMN resolved_url, DROP COLUMN suspected_at,
    DROP CONSTRAINT figure_due_check, DROP CONSTRAINT figure_state_check,
    ADD CONSTRAINT figure_state_check CHECK (state IN ('due', 'staged', 'condemned', 'stored', 'dead', 'transient',
        'blocked', 'suspect', 'refused', 'held_back', 'no_url')),
    ADD CONSTRAINT figure_check CHECK ((state = 'due') = (due_at IS NOT NULL));
