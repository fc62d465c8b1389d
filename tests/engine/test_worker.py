"""An engine that is told to leave writes what is prepared though something is in its way for a moment."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from scidex_console.domain.errors import LockBusy
from scidex_console.engine.jobs.job import Job
from scidex_console.engine.ports import Clock, RunStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.views import RunView
from scidex_console.engine.worker import Worker
from scidex_console.engine.writer import Writer
from tests.engine.test_shift import OPTIONS, NothingLeft, Runs, Soon


class Waits(NothingLeft):
    """A job with something prepared, which waits for more."""

    prepared = 1

    async def begin(self, *, stepping: bool) -> None:
        """Nothing to begin with."""

    async def survey(self, epoch: int) -> None:
        """Nothing is missing."""

    async def waiting(self) -> tuple[int, int]:
        return self.prepared, 0

    async def rest(self) -> str | None:
        return "rows in back-off"


class LockedAtFirst:
    """A writer that finds somebody else's lock, and does not the next time."""

    is_sound = True
    is_overdue = False
    owes_publishing = False

    def __init__(self, job: Waits) -> None:
        self._job = job
        self.asked = 0

    async def undisturbed(self, look: Any) -> None:
        await look()

    async def flush(self, *_: object, **__: object) -> None:
        self.asked += 1
        if self.asked == 1:
            raise LockBusy("index.lock is held by another process")
        self._job.prepared = 0


class Noted(Runs):
    """Runs that can be told what they wait for."""

    async def wait_on(self, run: RunView, words: str) -> None:
        """It is not looked at."""


async def test_leaving_engine_flushes_once_more_what_a_lock_was_in_the_way_of() -> None:
    job = Waits()
    writer = LockedAtFirst(job)
    worker = Worker(
        cast(Job, job),
        cast(RunStore, Noted()),
        cast(Writer, writer),
        cast(Clock, cast(Any, Soon())),
        Pulse(),
        OPTIONS,
        epoch=1,
    )
    working = asyncio.create_task(worker.run_forever())
    await asyncio.sleep(0.05)
    assert writer.asked == 0
    worker.leave()
    async with asyncio.timeout(10):
        await working
    assert (writer.asked, job.prepared) == (2, 0)
