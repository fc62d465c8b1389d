"""The hosts' robots.txt, kept over restarts."""

from __future__ import annotations

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.engine.ports import RobotsFile


class PostgresRobots:
    """Implements the engine's `RobotsStore`."""

    def __init__(self, fenced: FencedDatabase) -> None:
        self._fenced = fenced

    async def load(self, origin: str) -> RobotsFile | None:
        """What was read last of a host's robots.txt."""
        async with self._fenced.database.session() as connection:
            row = await (await connection.execute(query("read_robots"), {"origin": origin})).fetchone()
        return RobotsFile(row["origin"], row["read_at"], row["status"], row["body"]) if row else None

    async def save(self, file: RobotsFile) -> None:
        """Keep what was read."""
        params = {"origin": file.origin, "read_at": file.read_at, "status": file.status, "body": file.body}

        async def work(connection: Connection) -> None:
            await connection.execute(query("upsert_robots"), params)

        await self._fenced.write(work)
