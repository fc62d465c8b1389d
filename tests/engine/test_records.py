"""What was fetched is recorded, or nothing of it stays, whenever its drain is let go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from scidex_console.domain.errors import Fenced, LockBusy, Unreachable
from scidex_console.engine.drain import Drain, Recorders
from scidex_console.engine.jobs.record import Record
from scidex_console.engine.pulse import Pulse


@dataclass(frozen=True)
class Item:
    artifact_id: str


class Staging:
    """A job whose items are staged at once, and recorded as `write` says; clock and permits, too."""

    def __init__(self, write: Callable[[], Awaitable[None]], items: int = 1) -> None:
        self.write = write
        self.items = [Item(str(number)) for number in range(items)]
        self.staged: set[str] = set()

    def width(self, group: str) -> int:
        return 9

    def is_closed(self, group: str) -> bool:
        return False

    async def next_items(self, group: str, limit: int, *, excluding: Any) -> list[Item]:
        taken, self.items = self.items, []
        return taken

    async def settle(self, group: str) -> None:
        """Nothing to settle."""

    async def prepare(self, item: Item, *, run_id: int, epoch: int) -> Record:
        self.staged.add(item.artifact_id)
        return Record(self.write, take_away=lambda: self.staged.discard(item.artifact_id))

    def take(self) -> bool:
        return True

    def give_back(self) -> None:
        """Not counted."""

    def prepared(self) -> None:
        """Not counted."""

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()

    def drain(self, *, at_once: int = 1) -> asyncio.Task[None]:
        it: Any = self
        recorders = Recorders(it, at_once=at_once, retry_s=1.0)
        return asyncio.create_task(
            Drain(it, "g", it, it, Pulse(), run_id=1, epoch=1, recorders=recorders).run()
        )


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0)


async def let_go(drain: asyncio.Task[None]) -> None:
    drain.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drain


async def test_what_waits_to_be_recorded_is_taken_away_and_what_is_being_recorded_is_recorded() -> None:
    begun, end, written = 0, asyncio.Event(), 0

    async def write() -> None:
        nonlocal begun, written
        begun += 1
        await end.wait()
        written += 1

    job = Staging(write, items=3)
    drain = job.drain()
    await until(lambda: begun == 1 and len(job.staged) == 3)
    drain.cancel()
    await until(lambda: len(job.staged) == 1)
    assert not drain.done(), "nobody would know whether the one under way is recorded"
    end.set()
    with pytest.raises(asyncio.CancelledError):
        await drain
    assert (begun, written, len(job.staged)) == (1, 1, 1)


@pytest.mark.parametrize(("trouble", "left"), [(LockBusy("busy"), 0), (Unreachable("lost"), 1)])
async def test_what_could_not_be_recorded_is_taken_away_unless_it_may_be_recorded_all_the_same(
    trouble: Exception, left: int
) -> None:
    tried = asyncio.Event()

    async def write() -> None:
        tried.set()
        raise trouble

    job = Staging(write)
    drain = job.drain()
    await tried.wait()
    await let_go(drain)
    assert len(job.staged) == left


async def test_an_engine_that_another_has_followed_leaves_nothing_staged() -> None:
    async def write() -> None:
        raise Fenced("another engine")

    job = Staging(write)
    with pytest.raises(Fenced):
        await job.drain()
    assert not job.staged
