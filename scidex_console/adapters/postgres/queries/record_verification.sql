SELECT scidex_console.record_verification(%(checked)s, %(broken)s, %(origin)s, %(version)s) AS recorded
