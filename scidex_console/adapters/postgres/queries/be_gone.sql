SELECT scidex_console.be_gone(%(session)s)
