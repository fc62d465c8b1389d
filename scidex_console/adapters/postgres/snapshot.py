"""Reading several things as of one moment: one read-only transaction, one trip over the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from scidex_console.adapters.postgres.database import Connection, Database, limits_transactions, query

Row = dict[str, Any]
Rows = list[Row]


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Connection]:
    """A connection that sees one moment and cannot write, whatever its role may do."""
    async with database.session() as connection, connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield connection


async def ask(connection: Connection, questions: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Rows]:
    """The rows of several statements, by their names; sent together.

    One after the other where the server could not end a transaction whose statements we stopped sending
    half-way: a console whose terminal takes nothing would keep its locks for ever.
    """
    if not limits_transactions(connection):
        return {
            name: await (await connection.execute(query(name), params)).fetchall()
            for name, params in questions.items()
        }
    async with connection.pipeline():
        cursors = {name: await connection.execute(query(name), params) for name, params in questions.items()}
    return {name: await cursor.fetchall() for name, cursor in cursors.items()}


async def ask_once(
    database: Database, questions: Mapping[str, Mapping[str, Any] | None], *, within_ms: int = 0
) -> dict[str, Rows]:
    """As `snapshot` and `ask`, with one trip over the wire for all of it, begin and end included.

    Raises `LockBusy` when a statement takes longer than `within_ms`; 0: than the connection allows.
    """
    async with database.session() as connection:
        together = connection.pipeline() if limits_transactions(connection) else nullcontext()
        async with together, connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            if within_ms:
                await connection.execute(
                    "SELECT set_config('statement_timeout', %s, true)", [f"{within_ms}ms"]
                )
            return await ask(connection, questions)


async def fetch(database: Database, name: str, params: Mapping[str, Any] | None = None) -> Rows:
    """The rows of one statement.

    Planned for exactly these values every time: an empty filter then costs nothing, where a plan made for any
    values could not use the index of the filter that is set.
    """
    async with database.session() as connection:
        return await (await connection.execute(query(name), params, prepare=False)).fetchall()
