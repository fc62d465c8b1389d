"""The writers' queue: a lock on a table, which PostgreSQL gives out in the order in which it was asked for.

It says whose turn it is and lets everybody see who waits. It wants a right on that table, so that nobody but
writers can take it. Alone it would not do: when a backend is terminated
its lock goes, while the writer behind it still writes. So whoever has the turn takes the repository's flock,
too (`ArtifactRepository.writer_lock`), and every write proves the epoch.
"""

from __future__ import annotations

from contextlib import suppress

from scidex_console.adapters.postgres.database import Connection, Database, query, translated
from scidex_console.adapters.postgres.snapshot import Row, Rows
from scidex_console.domain.errors import ConsoleError, LockBusy
from scidex_console.domain.sanitise import visible
from scidex_console.engine.views import WriterView

_OURS = "scidex-console "
WRITER = "scidex-console writer "
"""What the name of a writer's connection begins with; PostgreSQL cuts names off at 63 bytes."""


def writer_views(rows: Rows) -> tuple[WriterView, ...]:
    """The rows of `list_writers`."""
    return tuple(WriterView(_name(row), row["granted"], row["since"]) for row in rows)


def _name(row: Row) -> str:
    return visible(str(row["name"]).removeprefix(WRITER).removeprefix(_OURS), 60)


class PostgresWriterQueue:
    """Implements the engine's `WriterQueue`, on one connection of its own that is kept between turns.

    `wait_s` is how long to wait for a turn before saying who has it.
    """

    def __init__(self, database: Database, *, name: str, wait_s: float) -> None:
        self._database = database
        self._name = name
        self._wait_s = wait_s
        self._connection: Connection | None = None

    async def enter(self) -> None:
        """Wait for the turn. Raises `LockBusy` naming who has it when it takes too long, `Unreachable`."""
        connection = await self._connected()
        try:
            with translated(self._database.place):
                await connection.execute("BEGIN")
                await connection.execute(query("take_writer_turn"))
        except LockBusy as error:
            who = await self._holder(connection)
            await self._drop()
            raise LockBusy(
                f"{who} has been writing to the repository for more than {self._wait_s:g} s",
                where=self._database.place,
                fix="it is tried again; end that process if it hangs",
            ) from error
        except BaseException:
            await self._drop()
            raise

    async def leave(self) -> None:
        """Let the next one in."""
        connection = self._connection
        if connection is None:
            return
        try:
            with translated(self._database.place):
                await connection.execute("COMMIT")
        except ConsoleError:
            await self._drop()
        except BaseException:
            await self._drop()
            raise

    async def close(self) -> None:
        """Give the connection up."""
        await self._drop()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            connection = await self._database.connect()
            self._connection = connection
            with translated(self._database.place):
                await connection.execute(query("keep_turns_open"))
                # A name of its own; no time limit but for the lock.
                limits = {
                    "application_name": self._name,
                    "lock_timeout": f"{int(self._wait_s * 1000)}ms",
                }
                for setting, value in limits.items():
                    await connection.execute("SELECT set_config(%s, %s, false)", [setting, value])
        return self._connection

    async def _holder(self, connection: Connection) -> str:
        with suppress(ConsoleError), translated(self._database.place):
            await connection.execute("ROLLBACK")
            rows = await (await connection.execute(query("list_writers"))).fetchall()
            for view in writer_views(rows):
                if view.writing:
                    return view.name
        return "somebody"

    async def _drop(self) -> None:
        """The lock goes with the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                await connection.close()
