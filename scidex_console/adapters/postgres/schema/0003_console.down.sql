DROP TABLE scidex_console.audit, scidex_console.host_state, scidex_console.fetch_attempt, scidex_console.figure,
    scidex_console.commit_record, scidex_console.operation, scidex_console.batch, scidex_console.intent,
    scidex_console.run, scidex_console.engine;
DROP FUNCTION scidex_console.refuse_change;
