"""Reading several things as of one moment: one read-only transaction, one trip over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from scidex_console.adapters.postgres.database import Connection, Database, query

Row = dict[str, Any]
Rows = list[Row]


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Connection]:
    """A connection that sees one moment and cannot write, whatever its role may do."""
    async with database.session() as connection, connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield connection


async def ask(connection: Connection, questions: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Rows]:
    """The rows of several statements, by their names, sent together."""
    async with connection.pipeline():
        cursors = {name: await connection.execute(query(name), params) for name, params in questions.items()}
    return {name: await cursor.fetchall() for name, cursor in cursors.items()}


async def fetch(database: Database, name: str, params: Mapping[str, Any] | None = None) -> Rows:
    """The rows of one statement.

    Planned for exactly these values every time: an empty filter then costs nothing, where a plan made for any
    values could not use the index of the filter that is set.
    """
    async with database.session() as connection:
        return await (await connection.execute(query(name), params, prepare=False)).fetchall()
