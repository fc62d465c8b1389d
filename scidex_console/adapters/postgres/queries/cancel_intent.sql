SELECT * FROM scidex_console.cancel_intent(%(id)s, %(origin)s, %(version)s)
