"""The command line: one command per file, each thin: parse, call, print."""
