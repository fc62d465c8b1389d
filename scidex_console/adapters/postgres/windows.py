"""Windows of long listings: two statements, one for each direction from a key, as of one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from scidex_console.adapters.postgres.database import Connection, Database, query
from scidex_console.adapters.postgres.snapshot import Row, Rows, snapshot
from scidex_console.domain.paging import Around, Key, Span, Window, join

T = TypeVar("T")


@dataclass(frozen=True)
class Listing(Generic[T]):
    """How a listing is read."""

    statements: tuple[str, str]
    """Backwards and forwards from a key, that row included. Each takes `limit`, and the key as parameters
    named like its columns, all null for everything in that direction."""
    names: tuple[str, ...]
    """Columns of the key, a whole number that no other row has as the last."""
    view: Callable[[Row], T]
    descending: bool = True
    """Whether forwards is downwards, by the columns of the key."""
    parts: bool = False
    """Whether the backwards statement itself leaves out the key's own row; then the key may end in a text."""


async def read_window(
    database: Database, listing: Listing[T], params: Mapping[str, Any], around: Around, span: Span
) -> Window[T]:
    """The window there, of the rows that `params` choose."""
    before, after = span.before, span.after
    if around.last:
        before, after = before + after, 0
    elif around.first:
        before = 0
    key: Key = around.key or (None,) * len(listing.names)
    beyond = key
    if around.key is not None and not listing.parts:
        beyond = (*key[:-1], key[-1] + (1 if listing.descending else -1))
    async with snapshot(database) as connection:
        parts = [
            await _read(connection, statement, {**params, **dict(zip(listing.names, at, strict=True))}, limit)
            for statement, at, limit in zip(listing.statements, (beyond, key), (before, after), strict=True)
        ]

    def pairs(rows: Rows) -> list[tuple[Key, T]]:
        return [(tuple(row[name] for name in listing.names), listing.view(row)) for row in rows]

    return join(pairs(parts[0]), pairs(parts[1]), around, span)


async def _read(connection: Connection, statement: str, params: Mapping[str, Any], limit: int) -> Rows:
    if not limit:
        return []
    # Planned for exactly these values, for the sake of the filters that are empty (see `fetch`).
    cursor = await connection.execute(query(statement), {**params, "limit": limit}, prepare=False)
    return await cursor.fetchall()
