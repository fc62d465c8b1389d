"""The only room that knows both the engine and the adapters: it makes one fit the other.

Each module wires one thing and is loaded only when that thing is wanted, so that `--help` stays quick and
the engine never loads a terminal library.
"""
