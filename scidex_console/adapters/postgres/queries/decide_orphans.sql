SELECT * FROM scidex_console.decide_orphans(%(decision)s, %(subjects)s, %(params)s, %(token)s, %(origin)s, %(reason)s,
    %(version)s)
