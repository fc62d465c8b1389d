"""The writer lock: one batch at a time in the repository, whoever writes it.

It is two locks. The queue (in the database) lets writers in first come, first served, so that an engine and
other writers alternate batch by batch; the repository's flock holds even when the database has ended the
connection that had the turn.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scidex_console.engine.ports import ArtifactRepository, WriterQueue
from scidex_console.engine.threads import in_thread


class WriterTurns:
    """The turns of one writer, whose tasks take them one after the other. May be nested."""

    def __init__(self, repository: ArtifactRepository, queue: WriterQueue | None, holder: str) -> None:
        self._repository = repository
        self._queue = queue
        self._holder = holder
        self._depth = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold both locks. Raises `LockBusy` naming who has them, `Unreachable`."""
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        if self._queue is None:
            async with self._flock():
                yield
            return
        await self._queue.enter()
        try:
            async with self._flock():
                yield
        finally:
            await self._queue.leave()

    @asynccontextmanager
    async def _flock(self) -> AsyncIterator[None]:
        lock = self._repository.writer_lock(self._holder)
        entered = False

        def enter() -> None:
            nonlocal entered
            lock.__enter__()
            entered = True

        try:
            await in_thread(enter)
            self._depth = 1
            yield
        finally:
            self._depth = 0
            if entered:
                await in_thread(lock.__exit__, None, None, None)
