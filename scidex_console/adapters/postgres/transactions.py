"""Writing transactions of the engine: fenced by the epoch, repeated after a deadlock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg

from scidex_console.adapters.postgres.database import Connection, Database, query
from scidex_console.domain.errors import Fenced, LockBusy

T = TypeVar("T")

_TRIES = 5


class FencedDatabase:
    """Runs work in transactions that hold only while our epoch is the store's."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.epoch = 0
        self.conflicts = 0
        """Deadlocks and serialization failures that were repeated."""

    async def write(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work` in one transaction after checking the epoch. Raises `Fenced` and `LockBusy`."""
        for attempt in range(_TRIES):
            try:
                async with self.database.transaction() as connection:
                    await self.check(connection)
                    return await work(connection)
            except LockBusy as error:
                if not _repeatable(error) or attempt == _TRIES - 1:
                    raise
                self.conflicts += 1
                await asyncio.sleep(0.05 * 2**attempt)
        raise AssertionError("the loop returns or raises")

    async def check(self, connection: Connection) -> None:
        """Raise `Fenced` unless our epoch is still the store's."""
        row = await (await connection.execute(query("check_epoch"), {"epoch": self.epoch})).fetchone()
        if row is None:
            raise Fenced(f"another engine took over after epoch {self.epoch}", where=self.database.place)


def _repeatable(error: LockBusy) -> bool:
    cause = error.__cause__
    return isinstance(cause, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)
