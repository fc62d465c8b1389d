SELECT scidex_console.count_reads(%(session)s, %(name)s, %(flag)s, %(legacy)s, %(version)s, %(reads)s, %(requests)s)
