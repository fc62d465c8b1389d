SELECT * FROM scidex_console.decide(%(job)s, %(decision)s, %(artifact_ids)s, %(undoes)s, %(token)s, %(origin)s,
    %(reason)s, %(version)s)
