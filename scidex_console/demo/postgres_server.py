"""A PostgreSQL server of our own for the demo and the tests, shared by every process that opens its home.

It is reached over a socket in a private folder and by nothing else. Nobody owns the process: it outlives
whoever started it, even by kill -9, and is found again by the next. Four rules keep that honest:

- looking, starting and stopping happen under a file lock in the home;
- a server counts as alive only when a connection to it works;
- every user keeps one connection open as the sign of its presence, taken while the lock is held, so the
  server itself (pg_stat_activity) knows who is there, and a killed user is forgotten at once;
- the last one out stops it.

Everything here blocks; call it from a thread when a loop is running.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from scidex_console.demo.postgres.account import server_account
from scidex_console.demo.postgres.cluster import RECOVERY_PATIENCE, Cluster, Connection
from scidex_console.demo.postgres.errors import EmbeddedPostgresError
from scidex_console.demo.postgres.folders import ServerFolders, orphans
from scidex_console.demo.postgres.processes import end_server, listens_at, running_server

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "orphans", "remove_orphans"]

DATABASE = "scidex"
STATE_ROOT = Path("/var/lib/scidex-console")  # used by root only
CACHE_ROOT = Path("/var/cache/scidex-console")  # used by root only
_LEAVING_PATIENCE = 0.5  # seconds a closed connection may take to vanish from pg_stat_activity
_LEAVING_PAUSE = 0.02  # seconds between looks
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def remove_orphans(home: Path, state_root: Path = STATE_ROOT) -> list[Path]:
    """Stop and remove the clusters of a home that was removed by hand; the folders that were removed.

    One whose server somebody is connected to stays. Only clusters that root started lie apart from their
    home. Everybody else's go with it.
    """
    removed = []
    for place, lost in orphans(state_root):
        if lost != home.expanduser().resolve():
            continue
        server = running_server(place / "data")
        if server is not None:
            if _is_used(place / "data"):
                continue
            end_server(server, place / "data")
        with suppress(OSError):  # somebody else removes it at this moment
            shutil.rmtree(place)
            removed.append(place)
    return removed


def _is_used(data: Path) -> bool:
    """Whether anybody is connected to the server that runs on `data`, or nobody can tell."""
    where = listens_at(data)
    if where is None:
        return True
    try:
        with psycopg.connect(
            host=where[0], port=where[1], user="postgres", dbname="postgres", connect_timeout=5
        ) as connection:
            row = connection.execute(_OTHERS).fetchone()
    except psycopg.OperationalError:
        return True
    return row is None or row[0] > 0


class EmbeddedPostgres:
    """The server whose home is the folder `home`.

    `durable=False` gives up surviving a power cut, for speed: for data that is thrown away. As a context
    manager it is present on entry and the last one out stops the server.
    """

    def __init__(
        self,
        home: Path,
        *,
        durable: bool = True,
        wheel: Path | None = None,
        state_root: Path = STATE_ROOT,
        cache_root: Path = CACHE_ROOT,
    ) -> None:
        self._folders = ServerFolders(home, state_root)
        self._cluster = Cluster(self._folders, durable, wheel, cache_root, self._connect)
        self._presence: Connection | None = None

    def start(self) -> str:
        """Be present at a running server, started when need be; its URL.

        Takes milliseconds when it runs, tenths of a second when it has data, seconds when it has none.
        After a crash it waits until the server has recovered. Raises EmbeddedPostgresError.
        """
        # A server that was killed still answers those it knows for a moment: somebody new must get in, too.
        if self._is_present():
            if self.is_alive():
                return self.url()
            self.release()
        with self._folders.locked(RECOVERY_PATIENCE):
            account = server_account()
            self._folders.claim(account)
            connection = self._connect()
            if isinstance(connection, str):
                self._enter_new(self._cluster.bring_up(account))
            else:
                self._enter(connection)
        return self.url()

    def attach(self) -> str:
        """Be present at a server that runs already; its URL. Raises EmbeddedPostgresError when none does."""
        if self._is_present():
            return self.url()
        if not self._folders.claimed():
            raise EmbeddedPostgresError(
                "no embedded server was ever started here", where=str(self._folders.home)
            )
        with self._folders.locked(RECOVERY_PATIENCE):
            connection = self._connect()
            if isinstance(connection, str):
                raise EmbeddedPostgresError(
                    f"the embedded server is not running: {connection}", where=str(self._folders.home)
                )
            self._enter(connection)
        return self.url()

    def is_alive(self) -> bool:
        """Whether a connection to the server works now."""
        if not self._folders.claimed():
            return False
        connection = self._connect()
        if isinstance(connection, str):
            return False
        connection.close()
        return True

    def release(self) -> None:
        """Leave; the server keeps running whoever else is there."""
        if self._presence is not None:
            self._presence.close()
            self._presence = None

    def stop_if_last(self) -> bool:
        """Leave, and stop the server when nobody else is connected; whether it is stopped now."""
        if not self._folders.claimed():
            return True
        with self._folders.locked(RECOVERY_PATIENCE):
            stays = self._others_stay()
            self.release()
            if not stays:
                self._end()
        return not stays

    def stop(self) -> None:
        """Leave and stop the server, whoever else is connected. No server is no error."""
        if not self._folders.claimed():
            return
        with self._folders.locked(RECOVERY_PATIENCE):
            self.release()
            self._end()

    def destroy(self) -> None:
        """Stop the server and remove it with all its data. Touches nothing that is not marked as ours."""
        if not self._folders.claimed():
            return
        with self._folders.locked(RECOVERY_PATIENCE):
            if self._folders.claimed():
                self.release()
                self._end()
                self._remove()

    def url(self, database: str = DATABASE) -> str:
        """The libpq URL of one of its databases. Known once the server was started or attached to."""
        host = quote(str(self._folders.sockets), safe="")
        return f"postgresql://postgres@/{quote(database, safe='')}?host={host}&port=5432"

    @property
    def place(self) -> Path:
        """The folder with its data: the home, or for root one apart from it. Empty while nothing is there."""
        self._folders.claimed()
        return self._folders.place

    @property
    def log(self) -> Path:
        """The server's log file. Known once the server was started or attached to."""
        return self._folders.log

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_if_last()

    def _connect(self) -> Connection | str:
        """A working connection to the maintenance database, or why there is none."""
        try:
            connection = psycopg.connect(
                self.url("postgres"),
                autocommit=True,
                connect_timeout=5,
                application_name="scidex-console presence",
            )
        except psycopg.OperationalError as error:
            return str(error).strip()
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            connection.close()
            return str(error).strip()
        return connection

    def _is_present(self) -> bool:
        if self._presence is None:
            return False
        try:
            self._presence.execute("SELECT 1")
        except psycopg.OperationalError:
            self.release()
            return False
        return True

    def _enter_new(self, connection: Connection) -> None:
        """Enter a server we have just brought up, or stop it: nobody else is there yet who would."""
        try:
            self._enter(connection)
        except BaseException:
            connection.close()
            self._cluster.end()
            raise

    def _enter(self, connection: Connection) -> None:
        """Keep the connection as the sign of our presence; make our database when it is missing."""
        try:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                    # Suppressed: a starter killed at this very step, whose command the server finished.
                    name = sql.Identifier(DATABASE)
                    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        except psycopg.Error as error:
            connection.close()
            raise EmbeddedPostgresError(
                f"cannot create the database {DATABASE}: {error}", where=str(self.log), fix="see the log"
            ) from error
        self._presence = connection

    def _others_stay(self) -> bool:
        """Whether anybody else is connected, after a moment for those who are just leaving."""
        connection = self._presence if self._is_present() else self._connect()
        if connection is None or isinstance(connection, str):
            return self._cluster.refuses()
        deadline = time.monotonic() + _LEAVING_PATIENCE
        try:
            while (row := connection.execute(_OTHERS).fetchone()) is not None and row[0] > 0:
                if time.monotonic() > deadline:
                    return True
                time.sleep(_LEAVING_PAUSE)
        except psycopg.OperationalError:
            return False  # the server ended meanwhile
        finally:
            connection.close()
        return False

    def _remove(self) -> None:
        try:
            self._folders.remove()
        except OSError as error:
            raise EmbeddedPostgresError(
                f"cannot remove the embedded database: {error}",
                where=str(self._folders.place),
                fix="remove what is in the way, then destroy it again",
            ) from error

    def _end(self) -> None:
        self._cluster.end()
        if self.is_alive():
            raise EmbeddedPostgresError(
                "the embedded server answers, but its process cannot be found here",
                where=str(self._folders.home),
                fix="stop it where it was started: another container, perhaps",
            )
