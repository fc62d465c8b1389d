"""One engine per store: the advisory lock, the epoch and the heartbeat.

The lock alone is not enough: after its backend was terminated a second client can take it while the first
still believes it holds it. The epoch, raised at every take-over and checked by every write, is what fences.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from scidex_console.adapters.postgres.database import Connection, Database, query, translated
from scidex_console.adapters.postgres.snapshot import Row
from scidex_console.domain.errors import Fenced, Halt, Held, LockBusy, Unreachable

_TRIES = 50
_PAUSE_S = 0.1
_TRIES_TO_LOCK = 30
"""The server may take a moment to notice that an engine was killed, and keeps its lock so long."""


class PostgresFence:
    """Implements the engine's `Fence`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._backend = 0
        """The server's process behind that connection, which holds the lock."""
        self.epoch = 0
        self.journal = ""

    async def acquire(
        self, holder: str, *, version: str, writes: bool, authorization: str, environment: str, at_least: int
    ) -> int:
        """Take the lock and a new epoch above `at_least`. Raises `Held` naming who has it."""
        connection = await self._lock()
        params = {
            "holder": holder,
            "version": version,
            "writes": writes,
            "authorization": authorization,
            "environment": environment,
            "at_least": at_least,
        }
        try:
            with translated(self._database.place):
                row = await (await connection.execute(query("take_epoch"), params)).fetchone()
            if row is None:
                raise Fenced(
                    "there is no engine row",
                    where=self._database.place,
                    fix="run `scidex-console schema apply`",
                )
        except BaseException:
            self._connection = None
            await connection.close()
            raise
        self.epoch, self.journal = int(row["epoch"]), row["journal"]
        return self.epoch

    async def end_stalled(self, after_s: float) -> str:
        """End the database connections of an engine that has given no sign of life for `after_s` seconds.

        Its holder's name, or `` when nobody holds the store. Raises `Held` for an engine that is alive.
        """
        async with self._database.session() as connection:
            engine = await (await connection.execute(query("read_engine_state"))).fetchone()
            if engine is None or not engine["lock_held"]:
                return ""
            age = engine["heartbeat_age_s"]
            if age is not None and age < after_s:
                raise Held(
                    f"the store is held by {engine['holder']}, which gave a sign of life {age:.0f} s ago",
                    where=self._database.place,
                    fix=f"stop that engine; one that is silent for {after_s:g} s can be replaced",
                )
            for _ in range(_TRIES):
                cursor = await connection.execute(
                    query("find_stalled_backends"),
                    {"engine": self._database.connect_options["application_name"]},
                )
                stalled = await cursor.fetchall()
                if not stalled:
                    return str(engine["holder"])
                for backend in stalled:
                    await connection.execute("SELECT pg_terminate_backend(%s)", [backend["pid"]])
                await asyncio.sleep(_PAUSE_S)
        raise Held("the database does not end the stalled engine's connection", where=self._database.place)

    async def beat(self, note: str) -> None:
        """Renew the heartbeat. Raises `Fenced` when another engine has taken over."""
        if self._connection is None or self._connection.closed:
            self._connection = None
            await self._lock_again()
        assert self._connection is not None
        with translated(self._database.place):
            await self._renew(self._connection, note)

    async def release(self) -> None:
        """Say that the engine stopped, and let the lock go.

        Raises nothing where that cannot be said: an engine that is fenced has its connection ended by whoever
        took over, and why it stops is not to be hidden by that. The lock goes with the connection.
        """
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if not connection.closed:
                with suppress(Unreachable, LockBusy, Halt), translated(self._database.place):
                    await connection.execute(query("release_engine"), {"epoch": self.epoch})
        finally:
            await connection.close()

    async def _lock(self) -> Connection:
        connection = await self._database.connect()
        try:
            with translated(self._database.place):
                for _ in range(_TRIES_TO_LOCK):
                    if await _try_lock(connection):
                        break
                    await asyncio.sleep(_PAUSE_S)
                else:
                    row = await (await connection.execute(query("find_engine_lock"))).fetchone()
                    if row is not None and row["engine"] is False:
                        what, fix = _no_engine(row)
                        raise Held(what, where=self._database.place, fix=fix)
                    raise await self._taken(connection)
        except BaseException:
            await connection.close()
            raise
        self._connection, self._backend = connection, connection.info.backend_pid
        return connection

    async def _lock_again(self) -> None:
        """After the connection was lost: the epoch says whether the store is still ours.

        The server may not have noticed yet, and keep the lock for a connection nobody has any more: then we
        end that one ourselves, and try again at the next beat.
        """
        connection = await self._database.connect()
        try:
            with translated(self._database.place):
                await self._renew(connection, "reconnecting")
                if not await _try_lock(connection):
                    row = await (await connection.execute(query("find_engine_lock"))).fetchone()
                    if row is not None and row["engine"] is False:
                        # The epoch is still ours: an engine goes on, and takes the lock when it can be had.
                        what, fix = _no_engine(row)
                        raise LockBusy(what, where=self._database.place, fix=fix)
                    if row is not None and row["pid"] != self._backend:
                        raise await self._taken(connection)
                    await connection.execute("SELECT pg_terminate_backend(%s)", [self._backend])
                    raise LockBusy("the lock hangs on a connection that was lost", where=self._database.place)
        except BaseException:
            await connection.close()
            raise
        self._connection, self._backend = connection, connection.info.backend_pid

    async def _renew(self, connection: Connection, note: str) -> None:
        params = {"epoch": self.epoch, "note": note}
        if await (await connection.execute(query("beat_engine"), params)).fetchone() is None:
            raise Fenced(f"another engine took over after epoch {self.epoch}", where=self._database.place)

    async def _taken(self, connection: Connection) -> Held | Fenced:
        holder = await (await connection.execute(query("read_engine_holder"))).fetchone()
        who = (
            f"held by {holder['holder']} since {holder['started_at']:%Y-%m-%d %H:%M:%S%z}"
            if holder
            else "held"
        )
        if self.epoch:
            return Fenced(f"the store is {who}", where=self._database.place)
        return Held(f"the store is {who}", where=self._database.place, fix="stop that engine first")


def _no_engine(holder: Row) -> tuple[str, str]:
    """What to say, and how to mend it, when the lock is held by a login that can be no engine's."""
    what = (
        f"{holder['login']} holds the engine's lock (process {holder['pid']} of the server) and is no engine"
    )
    end_it = f"SELECT pg_terminate_backend({holder['pid']})"
    return what, f"end it: {end_it}; docs/operations.md tells how to forbid it"


async def _try_lock(connection: Connection) -> bool:
    row = await (await connection.execute(query("try_engine_lock"))).fetchone()
    return row is not None and bool(row["locked"])
