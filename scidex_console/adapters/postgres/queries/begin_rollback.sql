-- Another rollback of the pass: what an earlier one kept is looked at again. One that is under way just goes on.
WITH begun AS (
    UPDATE scidex_console.batch
    SET state = 'rolling_back', undo_no = undo_no + 1, undo_plan = %(plan)s, settled_at = NULL
    WHERE id = %(batch_id)s AND state <> 'rolling_back'
    RETURNING id
)
UPDATE scidex_console.operation AS o SET state = 'done', reason = ''
FROM begun WHERE o.batch_id = begun.id AND o.state = 'kept'
