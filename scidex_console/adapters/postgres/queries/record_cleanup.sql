SELECT scidex_console.record_cleanup(%(done)s, %(outcome)s, %(origin)s, %(reason)s, %(version)s, %(authorization)s)
