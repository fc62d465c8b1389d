DROP FUNCTION scidex_console.record_verification;
DROP TABLE scidex_console.verification, scidex_console.commit_failure, scidex_console.soak_override,
    scidex_console.soak_confirmation, scidex_console.soak_signoff, scidex_console.soak_measurement,
    scidex_console.soak_span, scidex_console.soak_phase, scidex_console.soak_rule;
