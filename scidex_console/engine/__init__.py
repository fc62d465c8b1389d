"""The loop, the two-store batch, recovery, rollback and intents.

Everything outside comes in through the Protocols of `ports`; this room never loads a terminal library, a
database driver, git or HTTP.
"""
