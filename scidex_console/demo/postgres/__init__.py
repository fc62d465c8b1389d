"""What the embedded PostgreSQL stands on: its binaries, its OS account, its folders, its processes.

The life of the server itself (start, attach, stop) is `scidex_console.demo.postgres_server`.
"""
