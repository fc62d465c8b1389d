"""Bring the cluster in a place to life, wait out whatever it is doing, end it. All with the lock held."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import psycopg

from scidex_console.demo.postgres.account import Account
from scidex_console.demo.postgres.errors import EmbeddedPostgresError
from scidex_console.demo.postgres.folders import ServerFolders
from scidex_console.demo.postgres.installation import (
    Installation,
    find_installation,
    reachable_installation,
    wheel_folder,
)
from scidex_console.demo.postgres.processes import (
    PID_FILE,
    end_server,
    forget_misleading_pid,
    is_ready,
    is_server,
    launch_server,
    run_to_end,
    running_server,
)

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

RECOVERY_PATIENCE = 600.0  # seconds; replaying a large log after a crash takes minutes
_REFUSAL_PATIENCE = 20.0  # seconds a server may call itself ready and yet refuse us
_SURVIVORS_PATIENCE = 30.0  # seconds the children of a killed server may take to notice
_SURVIVORS = "shared memory block"  # what PostgreSQL says when they have not yet
_BIRTH_PATIENCE = 1.0  # seconds a launched process may take to write its pid file
_LARGEST_LOG = 5_000_000  # bytes; a larger one is set aside at the next start
_LOG_TAIL = 20  # lines shown in an error

_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_destination": "stderr",
    "logging_collector": "off",
}
_DISPOSABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
_INITDB = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)


@dataclass(frozen=True)
class Cluster:
    """The cluster in `folders`, run from `wheel`, or from a copy of it under `cache`.

    `connect` gives a working connection, or the reason why there is none.
    """

    folders: ServerFolders
    durable: bool
    wheel: Path | None
    cache: Path
    connect: Callable[[], Connection | str]

    def bring_up(self, account: Account | None) -> Connection:
        """A connection to the server, which is created, started, or waited for until it has recovered.

        `account` is who runs it; None is ourselves.
        """
        data = self.folders.data
        installation = self._installation(account)
        if not data.exists():
            self._create(installation, account)
        began = time.monotonic()
        while True:
            pid = running_server(data)
            if pid is not None:
                connection = self._await(pid, began)
            else:
                said_before = _size(self.folders.log)
                connection = self._start(installation, account, began)
            if connection is not None:
                return connection
            if pid is None and running_server(data) is None:
                self._judge_death(said_before, began)

    def end(self) -> None:
        """Stop the server when it runs."""
        pid = running_server(self.folders.data)
        if pid is not None:
            end_server(pid, self.folders.data)

    def refuses(self) -> bool:
        """Whether a server runs that could be reached and still gives no connection: it is full, say."""
        data = self.folders.data
        return running_server(data) is not None and is_ready(data) and self.folders.socket.exists()

    def _installation(self, account: Account | None) -> Installation:
        version = self.folders.data / "PG_VERSION"
        wanted = int(version.read_text()) if version.exists() else None
        installation = find_installation(self.wheel or wheel_folder(), wanted)
        return reachable_installation(installation, account, self.cache)

    def _create(self, installation: Installation, account: Account | None) -> None:
        """Create the cluster, complete or not at all."""
        self.folders.sweep(ignore_errors=True)
        fresh = self.folders.unfinished()
        sync = () if self.durable else ("--no-sync",)
        command = [installation.program("initdb"), "-D", fresh, *_INITDB, *sync]
        run_to_end(command, account, self.folders.place)
        fresh.rename(self.folders.data)
        _sync_folder(self.folders.place)

    def _start(self, installation: Installation, account: Account | None, began: float) -> Connection | None:
        folders = self.folders
        if _size(folders.log) > _LARGEST_LOG:
            folders.log.replace(folders.log.with_suffix(".old"))
        forget_misleading_pid(folders.data / PID_FILE)
        forget_misleading_pid(folders.socket.with_name(f"{folders.socket.name}.lock"))
        quoted = str(folders.sockets).replace('"', '""')
        settings = {**_SETTINGS, "unix_socket_directories": f'"{quoted}"'}
        if not self.durable:
            settings |= _DISPOSABLE
        postgres = installation.program("postgres")
        try:
            pid = launch_server(postgres, folders.data, settings, folders.log, account)
            return self._await(pid, began)
        except KeyboardInterrupt:
            self._end_newborn()
            raise

    def _end_newborn(self) -> None:
        """Stop the server we were about to start: nobody is present yet who would stop it later."""
        deadline = time.monotonic() + _BIRTH_PATIENCE
        while running_server(self.folders.data) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        self.end()

    def _await(self, pid: int, began: float) -> Connection | None:
        """A connection once the server gives one; None when it ended instead."""
        data = self.folders.data
        pause = 0.005
        ready_since = None
        while True:
            answer = self.connect()
            if not isinstance(answer, str):
                return answer
            if not is_server(pid, data):
                return None
            now = time.monotonic()
            if is_ready(data):
                if not self.folders.socket.exists():
                    end_server(pid, data)  # a cleaner took its socket: nobody can ever reach it again
                    return None
                ready_since = ready_since or now
            refused = ready_since is not None and now - ready_since > _REFUSAL_PATIENCE
            if refused or now - began > RECOVERY_PATIENCE:
                raise self._error(f"PostgreSQL runs but gives no connection: {answer}", 0)
            time.sleep(pause)
            pause = min(pause * 1.2, 0.5)

    def _judge_death(self, said_before: int, began: float) -> None:
        """Decide whether a server that ended at its start is worth another attempt."""
        error = self._error("PostgreSQL ended while it started", said_before)
        if _SURVIVORS not in error.what or time.monotonic() - began > _SURVIVORS_PATIENCE:
            raise error
        time.sleep(0.1)

    def _error(self, what: str, said_before: int) -> EmbeddedPostgresError:
        """An error with the end of what the server said since its log had `said_before` bytes."""
        size = _size(self.folders.log)
        said = []
        if size > 0:
            with self.folders.log.open("rb") as file:
                file.seek(said_before if said_before <= size else 0)  # smaller: the log was set aside
                said = file.read().decode(errors="replace").splitlines()
        return EmbeddedPostgresError(
            "\n".join([what, *said[-_LOG_TAIL:]]),
            where=str(self.folders.log),
            fix="see the log, or destroy the embedded database",
        )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
