SELECT scidex_console.create_token(%(name)s, %(digest)s, %(origin)s, %(reason)s, %(version)s) AS done
