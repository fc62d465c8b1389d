"""The shares of readers as the engine changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.reading import PostgresShares
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.errors import SchemaMismatch
from scidex_console.domain.intents import Intent
from scidex_console.domain.reading.kinds import ReaderKind


class PostgresShareStore:
    """Implements the engine's `ShareStore`."""

    def __init__(self, fenced: FencedDatabase) -> None:
        self._fenced = fenced
        self._read = PostgresShares(fenced.database)

    async def shares(self) -> Mapping[ReaderKind, float]:
        """Percent for each reader."""
        return await self._read.shares()

    async def set_shares(self, readers: Sequence[ReaderKind], percent: float, *, intent: Intent) -> None:
        """These readers have this share from now on. Raises `SchemaMismatch` for one that has no row."""
        params = {
            "readers": list(readers),
            "percent": percent,
            "operator": ", ".join([intent.operator, *intent.also_by]),
            "origin": intent.origin,
            "reason": intent.reason,
        }

        async def work(connection: Connection) -> None:
            changed = await connection.execute(query("set_reader_shares"), params)
            if changed.rowcount < len(readers):
                raise SchemaMismatch(
                    f"the database knows {changed.rowcount} of {len(readers)} readers",
                    where=self._fenced.database.place,
                    fix="run `scidex-console schema apply`",
                )

        await self._fenced.write(work)
