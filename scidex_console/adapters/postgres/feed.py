"""News for a console: one listening connection, and a slow poll in case a notification is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from psycopg import sql

from scidex_console.adapters.postgres.database import CHANNEL, Connection, Database, translated
from scidex_console.domain.errors import ConsoleError

_LONGEST_PAUSE_S = 15.0


class PostgresFeed:
    """Implements the engine's `Feed`."""

    def __init__(self, database: Database, *, at_most_every_s: float = 0.5, poll_s: float = 5.0) -> None:
        self._database = database
        self._at_most_every_s = at_most_every_s
        self._poll_s = poll_s
        self._quiet_until = 0.0

    async def topics(self) -> AsyncIterator[frozenset[str]]:
        """Names of what changed: the first at once, the next no sooner than `at_most_every_s` seconds later.

        An empty set stands for "look for yourself": at the start, every `poll_s` seconds without news, and
        after the connection was lost, since notifications are lost with it. Never ends by itself and never
        fails: without a database it goes on with empty sets, so that the reader finds out what is wrong.
        """
        connection: Connection | None = None
        pause = self._at_most_every_s
        try:
            while True:
                try:
                    if connection is None or connection.closed:
                        connection = await self._listen()
                        pause = self._at_most_every_s
                        found = frozenset[str]()
                    else:
                        found = await self._next(connection)
                except ConsoleError:
                    if connection is not None:
                        await connection.close()
                    yield frozenset()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE_S)
                else:
                    self._quiet_until = asyncio.get_running_loop().time() + self._at_most_every_s
                    yield found
        finally:
            if connection is not None:
                await connection.close()

    async def _listen(self) -> Connection:
        connection = await self._database.connect()
        try:
            with translated(self._database.place):
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _next(self, connection: Connection) -> frozenset[str]:
        """The first news, and what else comes until the next refresh is allowed; nothing after a while."""
        with translated(self._database.place):
            found = await _gather(connection, self._poll_s, stop_after=1)
            quiet = self._quiet_until - asyncio.get_running_loop().time()
            if found:
                found |= await _gather(connection, max(0.0, quiet), stop_after=None)
        return frozenset(found)


async def _gather(connection: Connection, seconds: float, *, stop_after: int | None) -> set[str]:
    return {
        topic
        async for news in connection.notifies(timeout=seconds, stop_after=stop_after)
        for topic in news.payload.split(",")
        if topic
    }
