"""What the demo's artifact store holds: which artifacts, named how, in which files, linked to what.

Everything here is decided from a scale and a seed, without touching a disk or a database. `plan` puts it
together, `contents` makes the bytes; `demo.store` and `demo.rows` carry it out.
"""
