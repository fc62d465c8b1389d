"""The command line: one command per file, each thin: parse, call, print."""

import gc

_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""A start makes a few hundred thousand objects that stay. To look through them for garbage as often as Python
does by itself, every 700, is a tenth of the start."""
gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)  # before anything else is loaded
