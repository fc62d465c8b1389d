SELECT (SELECT count(*) FROM scidex_console.soak_phase) AS "phases of the soak",
    (SELECT count(*) FROM scidex_console.soak_signoff) AS "sign-offs"
