"""Windows of long listings: two statements, one for each direction from a key, as of one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from scidex_console.adapters.postgres.database import Connection, Database, query
from scidex_console.adapters.postgres.snapshot import Row, Rows, snapshot
from scidex_console.domain.paging import Around, Key, Span, Window, join

T = TypeVar("T")


async def read_window(
    database: Database,
    statements: tuple[str, str],
    params: Mapping[str, Any],
    place: tuple[Around, Span],
    names: tuple[str, ...],
    view: Callable[[Row], T],
) -> Window[T]:
    """The window there.

    `statements` read backwards, the nearest row first, what comes before the key; and forwards what comes
    from it on. Each takes `limit`, and the key as parameters named like the columns of the key, `names`: all
    null for everything there is in its direction.
    """
    around, span = place
    before, after = span.before, span.after
    if around.last:
        before, after = before + after, 0
    elif around.first:
        before = 0
    key = dict(zip(names, around.key or (None,) * len(names), strict=True))
    async with snapshot(database) as connection:
        parts = [
            await _read(connection, statement, {**params, **key, "limit": limit}) if limit else []
            for statement, limit in zip(statements, (before, after), strict=True)
        ]

    def pairs(rows: Rows) -> list[tuple[Key, T]]:
        return [(tuple(row[name] for name in names), view(row)) for row in rows]

    return join(pairs(parts[0]), pairs(parts[1]), around, span)


async def _read(connection: Connection, statement: str, params: Mapping[str, Any]) -> Rows:
    # Planned for exactly these values, for the sake of the filters that are empty (see `fetch`).
    return await (await connection.execute(query(statement), params, prepare=False)).fetchall()
