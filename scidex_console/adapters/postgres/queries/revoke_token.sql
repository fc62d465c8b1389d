SELECT scidex_console.revoke_token(%(name)s, %(origin)s, %(reason)s, %(version)s) AS done
