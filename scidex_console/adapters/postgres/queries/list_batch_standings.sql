SELECT uid, state, pass_no, push_state FROM scidex_console.batch
