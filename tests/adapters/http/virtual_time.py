"""An event loop whose time is counted, not waited for: hours of politeness in milliseconds, always alike."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
START = datetime(2026, 5, 19, 12, 0, tzinfo=UTC)


_MOST_AT_ONCE = 10_000
"""So often a loop may turn without time passing; some hundred requests need a few hundred turns."""


class _Selector(selectors.SelectSelector):
    """Instead of waiting until the next timer, moves time there."""

    now = 0.0
    _turns_at_once = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits, and nothing will ever happen")
        self._turns_at_once = self._turns_at_once + 1 if timeout <= 0 else 0
        if self._turns_at_once == _MOST_AT_ONCE:
            raise AssertionError(f"somebody is busy, and it stays {self.now} for ever")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.virtual = _Selector()
        super().__init__(self.virtual)

    def time(self) -> float:
        return self.virtual.now


class VirtualClock:
    """The loop's time as the engine's clock; `jump` sets the wall clock, and nothing else."""

    def __init__(self, at: datetime = START) -> None:
        self._wall = at

    def now(self) -> datetime:
        return self._wall + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def jump(self, seconds: float) -> None:
        self._wall += timedelta(seconds=seconds)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
