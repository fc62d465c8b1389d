"""Changing git and PostgreSQL together: forward, recovery and rollback over one journal.

The order (docs/two-stores.md): journal, verify, expand, commit in git, syncfs, switch in the database,
contract, outer repository. Each step can be the last one before a crash and is repeated safely.
"""
