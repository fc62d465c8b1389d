"""Small regular duties: folding counters, telling consoles, waiting for intents."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from scidex_console.adapters.postgres.database import CHANNEL, Connection, Database, query, translated
from scidex_console.domain.errors import Unreachable


class PostgresHousekeeping:
    """Implements the engine's `Housekeeping`. One connection listens, for as long as the engine lives."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listener: Connection | None = None

    async def fold_counters(self) -> None:
        """Gather counter deltas; two folds at once share them out."""
        async with self._database.transaction() as connection:
            await connection.execute(query("fold_counters"))

    async def thin_reads(self) -> None:
        """Gather counts of reads of more than two days ago by the hour; those of long ago go."""
        async with self._database.transaction() as connection:
            await connection.execute(query("thin_read_minutes"))
            await connection.execute(query("thin_request_minutes"))

    async def notify(self, topics: Collection[str]) -> None:
        """Tell listening consoles what changed."""
        async with self._database.session() as connection:
            await connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, ",".join(sorted(topics))])

    async def wait_for_news(self, timeout: float) -> None:
        """Return when an intent may have arrived, or after `timeout` seconds; tables are the truth."""
        try:
            listener = await self._listen()
            with translated(self._database.place):
                async for news in listener.notifies(timeout=timeout):
                    if "intent" in news.payload.split(","):
                        return
        except Unreachable:
            self._listener = None
            await asyncio.sleep(timeout)

    async def close(self) -> None:
        """Close the listening connection."""
        if self._listener is not None:
            await self._listener.close()

    async def _listen(self) -> Connection:
        if self._listener is None or self._listener.closed:
            self._listener = await self._database.connect()
            with translated(self._database.place):
                await self._listener.execute(f"LISTEN {CHANNEL}")
        return self._listener
