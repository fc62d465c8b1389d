"""Connections, statements and the one place that turns psycopg's errors into ours."""

from __future__ import annotations

import asyncio
import logging
import select
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from importlib import resources
from typing import Any, LiteralString, Self

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from scidex_console.adapters.postgres.odd_values import tolerant_adapters
from scidex_console.domain.errors import ConsoleError, Halt, LockBusy, SchemaMismatch, Unreachable

Connection = AsyncConnection[DictRow]

# The libraries' own log lines would stand beside the one line we say about the same trouble.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

CHANNEL = "scidex_console"
"""NOTIFY channel: the payload names what changed, comma-separated."""


@cache
def query(name: str) -> LiteralString:
    """The statement of `queries/<name>.sql`."""
    return resources.files(__package__).joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")


def place_of(url: str) -> str:
    """Where a database is, without its password, for messages."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "database"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"database {parts.get('dbname', '')} at {parts.get('host', 'localhost')}{port}"


def _heed_cancellation() -> None:
    """Raise the cancellation of this task, should it have got lost while it waited for a connection.

    The pool waits by `asyncio.wait_for`, which before Python 3.12 swallows one that meets the end of the
    wait: a fenced engine's worker then went on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@contextmanager
def translated(where: str = "database") -> Iterator[None]:
    """Raise our errors instead of psycopg's."""
    try:
        yield
    except (
        psycopg.errors.LockNotAvailable,
        psycopg.errors.QueryCanceled,
        psycopg.errors.DeadlockDetected,
        psycopg.errors.SerializationFailure,
    ) as error:
        raise LockBusy(_first_line(error), where=where) from error
    except psycopg.errors.InsufficientPrivilege as error:
        fix = "use a database role that may do this"
        raise ConsoleError(_first_line(error), where=where, fix=fix) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        fix = "run `scidex-console schema apply`"
        raise SchemaMismatch(_first_line(error), where=where, fix=fix) from error
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedFunction) as error:
        fix = "run `scidex-console schema apply`"
        raise SchemaMismatch(_first_line(error), where=where, fix=fix) from error
    except psycopg.errors.DiskFull as error:
        raise Halt(_first_line(error), where=where, fix="make room on the database's disk") from error
    except (
        psycopg.errors.IoError,
        psycopg.errors.DataCorrupted,
        psycopg.errors.IndexCorrupted,
    ) as error:
        fix = "check the database's disk, and its log, before resuming"
        raise Halt(_first_line(error), where=where, fix=fix) from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        fix = (
            "leave --read-only out; if the server itself is read-only, make it writable, or let "
            "[database] url name another one after a failover"
        )
        raise Unreachable(_first_line(error), where=where, fix=fix) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        fix = "check that the server runs and that [database] url is right"
        raise Unreachable(_first_line(error), where=where, fix=fix) from error
    except psycopg.Error as error:
        raise ConsoleError(
            _first_line(error), where=where, fix="this program asked wrongly; report it"
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def limits_transactions(connection: Connection) -> bool:
    """Whether the server ends transactions that take too long, whatever they are at (PostgreSQL 17)."""
    return connection.info.server_version >= 17_00_00


async def _check(connection: Connection) -> None:
    """Raise when a connection of the pool is dead: then its socket has something to say.

    Asking the server each time would double what a small statement costs.
    """
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    if looking.poll(0):
        await AsyncConnectionPool.check_connection(connection)


_PATIENCE_S = 15.0
"""How long a caller waits for a connection."""


class _FusedPool(AsyncConnectionPool[Connection]):
    """Lets callers wait for a busy server, but hardly for one that cannot be connected to."""

    fuse_s = 0.0
    """How long they wait while it cannot be; 0: as long as for a busy one."""
    _failures_before = 0

    def is_there(self) -> None:
        """A connection was made: failures of before say nothing any more."""
        self._failures_before = self._failures()

    async def getconn(self, timeout: float | None = None) -> Connection:
        """A connection of the pool. Raises `PoolTimeout`."""
        if not self.fuse_s:
            return await super().getconn(timeout)
        try:
            return await super().getconn(self.fuse_s)
        except PoolTimeout:
            if self._failures() > self._failures_before:
                raise
        return await super().getconn(self.timeout - self.fuse_s)

    def _failures(self) -> int:
        return self.get_stats().get("connections_errors", 0)


class Database:
    """A pool of connections to one database, all with the same name and time limits."""

    def __init__(
        self,
        url: str,
        *,
        name: str,
        statement_timeout_s: float = 30.0,
        lock_timeout_s: float = 0.0,
        idle_transaction_s: float = 0.0,
        read_only: bool = False,
        role: str = "",
        size: int = 6,
        fuse_s: float = 0.0,
    ) -> None:
        """`lock_timeout_s` bounds how long a statement waits for a lock; 0: as long as it may take.

        `idle_transaction_s` bounds how long a transaction may stand while we do nothing (a console whose
        terminal takes no output); 0: for ever. The server does not see that between statements that are sent
        together, so it bounds the whole transaction, too, by a statement's time more (`limits_transactions`).
        With `read_only` the server refuses every change. `role` is
        the role that the login takes, and with it no more rights than that role has. `fuse_s` bounds how long
        a caller waits while no connection can be made; 0: no less than for one that others use.
        """
        self.url = url
        self._role = role
        self.place = place_of(url)
        options = {
            "statement_timeout": statement_timeout_s,
            "lock_timeout": lock_timeout_s,
            "idle_in_transaction_session_timeout": idle_transaction_s,
        }
        self._transaction_s = idle_transaction_s + statement_timeout_s if idle_transaction_s else 0.0
        limits = " ".join(f"-c {limit}={int(seconds * 1000)}" for limit, seconds in options.items())
        # No statement of ours runs long enough to be worth compiling, whatever the planner expects of it.
        limits += " -c jit=off"
        if read_only:
            limits += " -c default_transaction_read_only=on"
        if role:
            limits += f" -c role={role}"
        self.connect_options: dict[str, Any] = {
            "application_name": name,
            "options": f"{limits} -c timezone=UTC",
            "row_factory": dict_row,
            "context": tolerant_adapters(),
            "connect_timeout": 10,
            # A server that vanished without a word is noticed within half a minute.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
        }
        self._pool = _FusedPool(
            url,
            kwargs={**self.connect_options, "autocommit": True},
            min_size=1,
            max_size=size,
            open=False,
            configure=self._configure,
            check=_check,
            name=name,
            timeout=_PATIENCE_S,
            # Then the next caller tries anew, instead of all waiting out a pause that doubles for minutes.
            reconnect_timeout=5.0,
        )
        self._pool.fuse_s = fuse_s

    async def __aenter__(self) -> Self:
        with translated(self.place):
            # One plain connection first: its error says what is wrong, which the pool's time-out would not.
            async with await self.connect():
                pass
            await self._pool.open(wait=True, timeout=_PATIENCE_S)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._pool.close()

    async def connect(self) -> Connection:
        """A dedicated autocommit connection, outside the pool."""
        with translated(self.place):
            try:
                connection = await AsyncConnection.connect(self.url, autocommit=True, **self.connect_options)
            except psycopg.OperationalError as error:
                if self._role and f'role "{self._role}"' in str(error):
                    fix = (
                        f"{self._role} is a role without login, which `scidex-console schema apply` makes: "
                        f"connect as a login that has it (GRANT {self._role} TO ...)"
                    )
                    raise Unreachable(_first_line(error), where=self.place, fix=fix) from error
                raise
            await self._configure(connection)
            return connection

    async def _configure(self, connection: Connection) -> None:
        """Set what not every server knows."""
        self._pool.is_there()
        if self._transaction_s and limits_transactions(connection):
            limit = f"{int(self._transaction_s * 1000)}ms"
            await connection.execute("SELECT set_config('transaction_timeout', %s, false)", [limit])

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Connection]:
        """A connection in autocommit mode."""
        with translated(self.place):
            async with self._pool.connection() as connection:
                _heed_cancellation()
                yield connection

    @asynccontextmanager
    async def transaction(
        self, *, lock_timeout_ms: int = 2000, kept: bool = True
    ) -> AsyncIterator[Connection]:
        """A connection inside one transaction, which is taken back at its end if it is not to be kept."""
        async with self.session() as connection, connection.transaction(force_rollback=not kept):
            await connection.execute("SELECT set_config('lock_timeout', %s, true)", [f"{lock_timeout_ms}ms"])
            yield connection
