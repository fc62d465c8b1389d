-- A rollback that kept something has a state of its own, and can be resumed. Each attempt has a number, which is in the
-- key of its commits; each operation knows which pass brought it on and which attempt took it back.

ALTER TABLE scidex_console.batch
    ADD COLUMN undo_no int NOT NULL DEFAULT 0,
    ADD COLUMN undo_plan text NOT NULL DEFAULT '',
    DROP CONSTRAINT batch_state_check,
    ADD CONSTRAINT batch_state_check CHECK (state IN ('prepared', 'done', 'cleaned', 'rolling_back', 'rolled_back',
                                                      'partly_rolled_back', 'empty'));
ALTER TABLE scidex_console.operation
    ADD COLUMN pass_no int NOT NULL DEFAULT 1,
    ADD COLUMN undo_op text NOT NULL DEFAULT '';

GRANT UPDATE (pass_no, undo_op) ON scidex_console.operation TO scidex_engine;

UPDATE scidex_console.batch AS b SET undo_no = 1
WHERE b.state = 'rolling_back' OR b.uid || '/' || b.pass_no || '/undo' IN (
    SELECT op FROM scidex_console.audit WHERE action = 'batch:rollback');
UPDATE scidex_console.operation AS o SET pass_no = b.pass_no
FROM scidex_console.batch AS b WHERE b.id = o.batch_id AND b.pass_no > 1 AND o.state <> 'kept';
UPDATE scidex_console.operation AS o SET undo_op = b.uid || '/' || b.pass_no || '/undo'
FROM scidex_console.batch AS b WHERE b.id = o.batch_id AND o.state = 'rolled_back';
UPDATE scidex_console.batch AS b SET state = 'partly_rolled_back'
WHERE b.state = 'rolled_back'
    AND EXISTS (SELECT FROM scidex_console.operation AS o WHERE o.batch_id = b.id AND o.state = 'kept');

DROP INDEX scidex_console.batch_unpushed;
CREATE INDEX batch_unpushed ON scidex_console.batch (id)
    WHERE state IN ('cleaned', 'rolled_back', 'partly_rolled_back') AND push_state NOT IN ('pushed', 'none');
-- The newest batch of a job that can be taken back, or brought on again, is asked for with every refresh.
CREATE INDEX batch_standing ON scidex_console.batch (job, id) WHERE state IN ('done', 'cleaned', 'partly_rolled_back');
CREATE INDEX batch_taken_back ON scidex_console.batch (job, id) WHERE state IN ('rolled_back', 'partly_rolled_back');
