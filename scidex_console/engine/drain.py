"""`drain(group)`: work on the items of one group for as long as the run may take up items.

This is the unit that can be leased to another machine: it needs the gate of its group and nothing of
other groups.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from scidex_console.domain.errors import ConsoleError, Halt, LockBusy, Unreachable
from scidex_console.domain.sanitise import visible
from scidex_console.engine.jobs.job import Job
from scidex_console.engine.jobs.record import Record
from scidex_console.engine.ports import Clock
from scidex_console.engine.pulse import Pulse

T = TypeVar("T")

_log = logging.getLogger(__name__)

_READ_AHEAD = 20
"""Items read at once per group, so that a fast group does not ask the database for each."""


class Permits(Protocol):
    """What a drain asks before each item, and tells after it."""

    def take(self) -> bool:
        """Whether one more item may be taken up now."""
        ...

    def give_back(self) -> None:
        """The item was not prepared after all."""
        ...

    def prepared(self) -> None:
        """The item was prepared and recorded."""
        ...


class Recorders:
    """How drains read and record: few at once, and for a moment none after one found something in its way.

    Whoever records holds the engine's own row while it waits for a lock. Hundreds of drains would leave no
    connection for batches, and no moment for the heartbeat.
    """

    def __init__(self, clock: Clock, *, at_once: int, retry_s: float) -> None:
        self._clock = clock
        self._room = asyncio.Semaphore(at_once)
        self._retry_s = retry_s
        self._not_before = -math.inf

    async def persist(self, call: Callable[[], Awaitable[T]]) -> T:
        """What the call gives, once no lock is in its way and the database can be reached."""
        while True:
            async with self._room:
                while (left := self._not_before - self._clock.monotonic()) > 0:
                    await self._clock.sleep(left)
                try:
                    return await call()
                except (LockBusy, Unreachable):
                    self._not_before = self._clock.monotonic() + self._retry_s


class Drain:
    """Works on one group of one job; ends by itself when nothing is due or nothing may be taken up.

    A database that is locked or cannot be reached is waited for, so that what was fetched is not lost.
    """

    def __init__(
        self,
        job: Job,
        group: str,
        permits: Permits,
        clock: Clock,
        pulse: Pulse,
        *,
        run_id: int,
        epoch: int,
        recorders: Recorders,
    ) -> None:
        self._job = job
        self._group = group
        self._permits = permits
        self._clock = clock
        self._pulse = pulse
        self._run_id = run_id
        self._epoch = epoch
        self._recorders = recorders
        self._active: dict[str, asyncio.Task[None]] = {}
        self._ahead: list[Any] = []

    async def run(self) -> None:
        """Until nothing is due. Raises what an item raises (`Halt`, `Fenced`), with the others let go."""
        try:
            while True:
                await self._take_up()
                if not self._active:
                    await self._job.settle(self._group)
                    return
                await self._wait_for_one()
        finally:
            await self._let_go()

    async def _take_up(self) -> None:
        while len(self._active) < self._job.width(self._group) and not self._job.is_closed(self._group):
            if not self._ahead:
                self._ahead = list(await self._recorders.persist(self._next_items))
            if not self._ahead or not self._permits.take():
                return
            item = self._ahead.pop(0)
            self._active[item.artifact_id] = asyncio.create_task(self._prepare(item))

    async def _next_items(self) -> Any:
        return await self._job.next_items(self._group, _READ_AHEAD, excluding=list(self._active))

    async def _prepare(self, item: Any) -> None:
        try:
            record = await self._job.prepare(item, run_id=self._run_id, epoch=self._epoch)
            await self._recorded(record)
        except BaseException as error:
            self._permits.give_back()
            if isinstance(error, Exception) and not isinstance(error, ConsoleError):
                # One odd item must not end the engine, and the next one, and the next.
                _log.exception("%s of %s", item.artifact_id, self._job.name)
                what = f"this program is at fault: {type(error).__name__}: {visible(str(error), 200)}"
                raise Halt(what, where=item.artifact_id, fix="report it with the engine's output") from error
            raise
        self._permits.prepared()
        self._pulse.changed("gap", "attempt")
        self._pulse.wake()

    async def _recorded(self, record: Record) -> None:
        try:
            await self._recorders.persist(record)
        except BaseException:
            record.drop()
            raise

    async def _wait_for_one(self) -> None:
        done, _ = await asyncio.wait(self._active.values(), return_when=asyncio.FIRST_COMPLETED)
        self._active = {key: task for key, task in self._active.items() if task not in done}
        for error in [task.exception() for task in done]:
            if error is not None:
                raise error

    async def _let_go(self) -> None:
        tasks = list(self._active.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
