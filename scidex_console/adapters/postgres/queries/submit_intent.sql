SELECT * FROM scidex_console.submit_intent(%(action)s, %(job)s, %(params)s, %(origin)s, %(reason)s, %(version)s)
