"""VACUUM ANALYZE of SciDEX's tables and ours, on a connection of its own, with its progress."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row

from scidex_console.adapters.postgres.database import Connection, Database, place_of, query, translated
from scidex_console.adapters.postgres.snapshot import Row, fetch
from scidex_console.domain.errors import ConsoleError, Refused
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports.cleanup import Vacuumed

_LOOK_EVERY_S = 1.0
_LOCK_TIMEOUT = "60s"
"""For a table that somebody else is changing the shape of, or vacuums."""


async def last_vacuum(database: Database) -> Vacuumed:
    """What the database says of the tables of SciDEX."""
    rows = [row for row in await fetch(database, "list_vacuumable") if row["of_scidex"]]
    times = [row["at"] for row in rows]
    at = None if not times or None in times else min(times)
    return Vacuumed(bool(rows) and all(row["may"] for row in rows), at)


async def vacuum(url: str, tell: Callable[[str], None]) -> tuple[str, ...]:
    """Vacuum and analyse every table that this role may; which they were. `tell` hears of the progress.

    VACUUM stands in no transaction; ended half-way it has lost nothing. Raises `Refused` where SciDEX's own
    tables may not be vacuumed, `LockBusy` where one stays locked, `Unreachable`.
    """
    with translated(place_of(url)):
        async with _connected(url) as connection, _connected(url) as beside:
            await connection.execute("SET statement_timeout = 0")
            await connection.execute("SELECT set_config('lock_timeout', %s, false)", [_LOCK_TIMEOUT])
            tables = await (await connection.execute(query("list_vacuumable"))).fetchall()
            if denied := [row["name"] for row in tables if row["of_scidex"] and not row["may"]]:
                raise Refused(
                    f"this role may not vacuum {', '.join(denied)}", where=place_of(url), fix="be their owner"
                )
            return await _vacuumed(connection, beside, [row for row in tables if row["may"]], tell)


async def _vacuumed(
    connection: Connection, beside: Connection, tables: Sequence[Row], tell: Callable[[str], None]
) -> tuple[str, ...]:
    watching = asyncio.create_task(_watch(beside, connection.info.backend_pid, tell))
    try:
        for row in tables:
            tell(f"VACUUM ANALYZE {row['name']}")
            table = sql.Identifier(row["schema"], row["name"])
            await connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(table))
            reach("cleanup: vacuumed a table")
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    return tuple(row["name"] for row in tables)


async def _watch(connection: Connection, pid: int, tell: Callable[[str], None]) -> None:
    """Say how far a long one is; what cannot be asked is not said."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        with suppress(ConsoleError), translated():
            cursor = await connection.execute(query("read_vacuum_progress"), {"pid": pid})
            for row in await cursor.fetchall():
                tell(f"{row['name']}: {row['phase']}, {row['percent']} %")


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    connection: Connection = await AsyncConnection.connect(
        url, autocommit=True, row_factory=dict_row, application_name="scidex-console cleanup"
    )
    try:
        yield connection
    finally:
        await connection.close()
