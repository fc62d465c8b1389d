"""Windows of long listings: one statement, read from a key both ways, as of one moment.

The statement is written for one way. What is otherwise the other way is marked in it: the comparison with the
key (`/*from*/ <=`) and the order (`/*way*/ DESC`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, LiteralString, TypeVar

from scidex_console.adapters.postgres.database import Connection, Database, query
from scidex_console.adapters.postgres.snapshot import Row, Rows, snapshot
from scidex_console.domain.paging import Around, Key, Span, Window, join

T = TypeVar("T")


@dataclass(frozen=True)
class Listing(Generic[T]):
    """How a listing is read."""

    statement: str
    """Reads from a key on, that row included. Takes `limit`, and the key as parameters named like its
    columns, all null for everything."""
    names: tuple[str, ...]
    """Columns of the key, which no two rows have alike."""
    view: Callable[[Row], T]
    turned: bool = False
    """Whether the listing goes against the order of its statement."""


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
    at = {**params, **dict(zip(listing.names, key, strict=True))}
    backwards = _way(listing.statement, turned=not listing.turned, beyond=True)
    forwards = _way(listing.statement, turned=listing.turned)
    async with snapshot(database) as connection:
        earlier = await _read(connection, backwards, at, before)
        later = await _read(connection, forwards, at, after)

    def pairs(rows: Rows) -> list[tuple[Key, T]]:
        return [(tuple(row[name] for name in listing.names), listing.view(row)) for row in rows]

    return join(pairs(earlier), pairs(later), around, span)


@cache
def _way(statement: str, *, turned: bool, beyond: bool = False) -> LiteralString:
    """The statement for one of the two ways; `beyond` leaves the key's own row out."""
    text = query(statement)
    if turned:
        text = _swapped(_swapped(text, "/*from*/ <", "/*from*/ >"), "/*way*/ ASC", "/*way*/ DESC")
    return text.replace("/*from*/ <=", "<").replace("/*from*/ >=", ">") if beyond else text


def _swapped(text: LiteralString, one: LiteralString, other: LiteralString) -> LiteralString:
    return other.join([part.replace(other, one) for part in text.split(one)])


async def _read(
    connection: Connection, statement: LiteralString, params: Mapping[str, Any], limit: int
) -> Rows:
    if not limit:
        return []
    # Planned for exactly these values, for the sake of the filters that are empty (see `fetch`).
    cursor = await connection.execute(statement, {**params, "limit": limit}, prepare=False)
    return await cursor.fetchall()
