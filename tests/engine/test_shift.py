"""A stretch of work ends when everything that belongs to it has."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
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
