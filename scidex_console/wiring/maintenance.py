"""`maintain`: repack the artifact repository, and put on record how small it has become."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.errors import ConsoleError, Refused
from scidex_console.engine.ports import Repacked
from scidex_console.settings import Settings
from scidex_console.wiring.stores import open_repository

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def maintain(settings: Settings) -> Repacked:
    """Repack; minutes for a large store. Ctrl-C, SIGTERM and a terminal that goes away end it at once.

    Raises `Refused` in `observe`, `Interrupted`, `LockBusy` while another repacks, `Halt`, `RepositoryError`.
    """
    if not settings.writes.enabled:
        raise Refused(
            "this configuration only observes, and repacking writes to the repository",
            where="writes.enabled",
            fix="set writes.enabled = true and writes.authorization",
        )
    repository = await asyncio.to_thread(open_repository, settings, SystemClock())
    with _ended_by_signals() as stop:
        done = await asyncio.to_thread(repository.repack, stop)
    # Without the database, or without the right to write there, the repository is repacked all the same.
    with suppress(ConsoleError):
        await _record(settings, done)
    return done


@contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    """An event that is set when somebody wants the program to end."""
    stop, loop = threading.Event(), asyncio.get_running_loop()
    # Under nohup a terminal may go away.
    heeded = [name for name in _SIGNALS if signal.getsignal(name) is not signal.SIG_IGN]
    for name in heeded:
        loop.add_signal_handler(name, stop.set)
    try:
        yield stop
    finally:
        for name in heeded:
            loop.remove_signal_handler(name)


async def _record(settings: Settings, done: Repacked) -> None:
    url = settings.database.need_url()
    async with (
        Database(url, name="scidex-console maintain", size=1) as database,
        database.transaction() as connection,
    ):
        await connection.execute(query("record_repacked"), {"before": done.before, "after": done.after})
