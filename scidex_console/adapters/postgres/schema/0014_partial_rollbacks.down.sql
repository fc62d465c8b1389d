DROP INDEX scidex_console.batch_taken_back;
DROP INDEX scidex_console.batch_standing;
DROP INDEX scidex_console.batch_unpushed;
UPDATE scidex_console.batch SET state = 'rolled_back' WHERE state = 'partly_rolled_back';
ALTER TABLE scidex_console.operation DROP COLUMN undo_op, DROP COLUMN pass_no;
ALTER TABLE scidex_console.batch
    DROP CONSTRAINT batch_state_check,
    ADD CONSTRAINT batch_state_check CHECK (state IN ('prepared', 'done', 'cleaned', 'rolling_back', 'rolled_back',
                                                      'empty')),
    DROP COLUMN undo_plan,
    DROP COLUMN undo_no;
CREATE INDEX batch_unpushed ON scidex_console.batch (id)
    WHERE state IN ('cleaned', 'rolled_back') AND push_state NOT IN ('pushed', 'none');
