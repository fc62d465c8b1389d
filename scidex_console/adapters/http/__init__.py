"""The only room that speaks HTTP to the world: the polite gate, the guard, connections to checked addresses.

`Gates` decides when something may be sent, `Guard` where to, `HttpFigureSource` what an answer is worth.
"""
