SELECT uid, state, pass_no, undo_no, push_state FROM scidex_console.batch
