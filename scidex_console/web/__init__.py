"""The read service: artifacts as pages, as JSON and as files, over HTTP.

Knows the engine's ports and the domain, no adapter; `wiring` puts it together. Nothing here writes but the
one route that adds an accessory, and that goes through the same batch as every other writer.
"""
