SELECT scidex_console.be_present(%(session)s, %(account)s, %(origin)s, %(pid)s, %(screen)s, %(version)s, %(idle_s)s)
    AS left_at
