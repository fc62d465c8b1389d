"""`maintain`: repack the artifact repository, and put on record how small it has become."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from scidex_console.adapters.git.locks import FileLock
from scidex_console.adapters.postgres.database import Database, query
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.adapters.system.process import holder
from scidex_console.domain.errors import ConsoleError, Held, Refused
from scidex_console.engine.ports import Repacked
from scidex_console.settings import Settings
from scidex_console.wiring.stores import open_repository


async def maintain(settings: Settings) -> Repacked:
    """Repack; minutes for a large store. Raises `Refused` in `observe`, `Held`, `Halt`, `RepositoryError`."""
    if not settings.writes.enabled:
        raise Refused(
            "this configuration only observes, and repacking writes to the repository",
            where="writes.enabled",
            fix="set writes.enabled = true and writes.authorization",
        )
    repository = await asyncio.to_thread(open_repository, settings, SystemClock())
    lock = FileLock(repository.checkout.own_dir / "maintain.lock")
    if not lock.take(holder()):
        raise Held(
            f"the repository is being repacked by {lock.holder() or 'another process'}",
            where=str(repository.checkout.worktree),
            fix="wait for its end",
        )
    try:
        done = await asyncio.to_thread(repository.repack)
    finally:
        lock.release()
    # Without the database, or without the right to write there, the repository is repacked all the same.
    with suppress(ConsoleError):
        await _record(settings, done)
    return done


async def _record(settings: Settings, done: Repacked) -> None:
    url = settings.database.need_url()
    async with (
        Database(url, name="scidex-console maintain", size=1) as database,
        database.transaction() as connection,
    ):
        await connection.execute(query("record_repacked"), {"before": done.before, "after": done.after})
