"""The invariants of the two stores, judged from what git, the disk and the database say by themselves.

Nothing here reads or writes: facts come in through the Protocols of `facts`, `evidence` puts them side by
side, one function per invariant judges them, and `verify` orders the looking so that a store at work is
judged as fairly as one at rest. What the engine believes of itself is never taken as proof: the journal is
compared with git's own history, with the bytes on disk and with the rows.
"""
