SELECT scidex_console.end_reading(%(session)s)
