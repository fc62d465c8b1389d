"""A stretch of work ends when everything that belongs to it has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pytest

from scidex_console.domain.errors import ConsoleError, Halt
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.jobs.job import Job
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.ports import Clock, RunStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.shift import Shift
from scidex_console.engine.views import RunView
from scidex_console.engine.writer import Writer

RUN = RunView(1, JobName.FOLDERS, RunState.RUNNING, None, "cycle", None, None, "op", "why")
OPTIONS = EngineOptions("1", "test", writes=True, authorization="", jobs=frozenset())


class NothingLeft:
    """A job without due rows."""

    name = RUN.job
    batch_limits = (100, 100)
    reads_beside_writing = True
    closes_batch_at_rest = False
    ending = ""

    async def waiting(self) -> tuple[int, int]:
        return 0, 0

    async def ready_groups(self) -> list[str]:
        return []

    async def rest(self) -> str | None:
        return None

    async def finish(self) -> None:
        """Nothing belongs to the end."""


class PublishingFails:
    """A writer whose last batch is still to be published, which takes a while and fails."""

    is_sound = True
    is_overdue = False
    owes_publishing = True

    async def publish(self) -> None:
        self.owes_publishing = False
        for _ in range(20):
            await asyncio.sleep(0)
        raise Halt("the disk is full")

    async def flush(self, *_: object, **__: object) -> None:
        """Nothing is prepared."""


class Runs:
    """One run, and where it was moved to."""

    def __init__(self) -> None:
        self.moves: list[RunState] = []

    async def open_run(self, job: JobName) -> RunView | None:
        return None if self.moves else RUN

    async def move(self, run: RunView, to: RunState, **_: Mapping[str, object]) -> None:
        self.moves.append(to)


class Soon:
    """A clock on which all has passed at once."""

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def test_a_run_is_not_over_before_its_last_batch_is_published() -> None:
    runs = Runs()

    async def stumble(error: ConsoleError) -> None:
        raise error

    shift = Shift(
        cast(Job, NothingLeft()),
        RUN,
        cast(RunStore, runs),
        cast(Writer, PublishingFails()),
        cast(Clock, cast(Any, Soon())),
        Pulse(),
        OPTIONS,
        epoch=1,
        stumble=stumble,
    )
    with pytest.raises(Halt, match="disk is full"):
        await shift.work()
    assert runs.moves == [], "what is over cannot be halted"


class ManyGroups(NothingLeft):
    """A job with rows due in many groups, and more prepared than two batches take."""

    def __init__(self) -> None:
        self.prepared = 250
        self.asked = 0

    async def waiting(self) -> tuple[int, int]:
        return self.prepared, 0

    async def ready_groups(self) -> list[str]:
        return [] if self.asked else [f"h{number}.example.org" for number in range(50)]

    def width(self, group: str) -> int:
        return 1

    def is_closed(self, group: str) -> bool:
        return False

    async def next_items(self, group: str, limit: int, *, excluding: object) -> list[Any]:
        self.asked += 1
        return []

    async def settle(self, group: str) -> None:
        """Nothing is suspected."""


class SlowGit(PublishingFails):
    """A writer whose batch takes a while."""

    owes_publishing = False

    def __init__(self, job: ManyGroups) -> None:
        self._job = job
        self.asked_meanwhile = 0

    async def write_batch(self, *_: object, **__: object) -> None:
        for _ in range(500):
            await asyncio.sleep(0)
        self.asked_meanwhile += self._job.asked
        self._job.prepared = 0


async def test_no_group_is_asked_for_rows_while_git_is_two_batches_behind() -> None:
    runs, job = Runs(), ManyGroups()
    writer = SlowGit(job)

    async def stumble(error: ConsoleError) -> None:
        raise error

    shift = Shift(
        cast(Job, job),
        RUN,
        cast(RunStore, runs),
        cast(Writer, writer),
        cast(Clock, cast(Any, Soon())),
        Pulse(),
        OPTIONS,
        epoch=1,
        stumble=stumble,
    )
    await shift.work()
    assert (writer.asked_meanwhile, job.asked) == (0, 50)
    assert runs.moves == [RunState.DONE]


@dataclass(frozen=True)
class Item:
    """One row that is due."""

    artifact_id: str


class ManyRecords(ManyGroups):
    """A row due in each of many groups, all recorded at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.prepared = 0
        self.at_once = self.most_at_once = self.recorded = 0

    async def next_items(self, group: str, limit: int, *, excluding: object) -> list[Any]:
        self.asked += 1
        return [Item(group)] if self.asked <= 50 else []

    async def prepare(self, item: Item, **_: object) -> Callable[[], Awaitable[None]]:
        return self._record

    async def _record(self) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(10):
            await asyncio.sleep(0)
        self.at_once -= 1
        self.recorded += 1


async def test_drains_leave_connections_for_the_batches_however_many_they_are() -> None:
    runs, job = Runs(), ManyRecords()

    async def stumble(error: ConsoleError) -> None:
        raise error

    shift = Shift(
        cast(Job, job),
        RUN,
        cast(RunStore, runs),
        cast(Writer, SlowGit(job)),
        cast(Clock, cast(Any, Soon())),
        Pulse(),
        OPTIONS,
        epoch=1,
        stumble=stumble,
    )
    await shift.work()
    assert (job.recorded, job.most_at_once) == (50, 4)
    assert runs.moves == [RunState.DONE]
