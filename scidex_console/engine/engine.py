"""One engine process: takes the store, recovers, then works, listens and beats until it is told to leave."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from scidex_console.domain.errors import Fenced, LockBusy, Unreachable
from scidex_console.domain.runs import RunState
from scidex_console.engine.intents import IntentClerk
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.ports import Clock, Fence, Gate, GateStore, Housekeeping, RunStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.worker import Worker
from scidex_console.engine.writer import Writer

_TICK_S = 0.5
"""News goes to consoles at most this often (postgres.md: every 250 to 1,000 ms)."""
_NEWS_S = 1.0


@dataclass(frozen=True)
class Parts:
    """What one engine is made of."""

    fence: Fence
    runs: RunStore
    clerk: IntentClerk
    workers: Sequence[Worker]
    writer: Writer
    gate: Gate
    gate_store: GateStore
    housekeeping: Housekeeping
    clock: Clock
    pulse: Pulse
    options: EngineOptions


class Engine:
    """Runs until `leave` is called, until idle when so asked, or until it is fenced."""

    def __init__(self, parts: Parts) -> None:
        self._p = parts
        self._leave = asyncio.Event()

    def leave(self) -> None:
        """Ask the engine to finish the items in hand, flush and go (SIGTERM)."""
        self._leave.set()

    async def run(self) -> None:
        """The whole life of a fenced engine. Raises `Fenced` when another one took over."""
        self._p.gate.restore(await self._p.gate_store.load())
        if self._p.options.writes:
            await self._p.writer.recover()
        async with asyncio.TaskGroup() as life:
            beats = [
                life.create_task(self._beat()),
                life.create_task(self._tick()),
                life.create_task(self._attend()),
            ]
            workers = [life.create_task(worker.run_forever()) for worker in self._p.workers]
            await self._until_told()
            for worker in self._p.workers:
                worker.leave()
            await asyncio.gather(*workers)
            for task in beats:
                task.cancel()
        await self._last_words()

    async def _until_told(self) -> None:
        idle_looks = 0
        while not self._leave.is_set():
            try:
                async with asyncio.timeout(_NEWS_S):
                    await self._leave.wait()
            except TimeoutError:
                if self._p.options.until_idle:
                    idle_looks = idle_looks + 1 if await self._is_idle() else 0
                    if idle_looks >= 3:
                        return

    async def _is_idle(self) -> bool:
        try:
            if not self._p.clerk.is_idle:
                return False
            for job in self._p.options.jobs:
                run = await self._p.runs.open_run(job)
                if run is not None and run.state not in (RunState.PAUSED, RunState.HALTED, RunState.PLANNED):
                    return False
        except Unreachable:
            return False
        return True

    async def _beat(self) -> None:
        while True:
            try:
                await self._p.fence.beat(self._p.pulse.note)
                await self._p.gate_store.save(self._p.gate.states())
            except (Unreachable, LockBusy) as error:
                self._p.pulse.note = f"reconnecting: {error}"
            await self._p.clock.sleep(self._p.options.heartbeat_s)

    async def _tick(self) -> None:
        while True:
            topics = self._p.pulse.take()
            if topics:
                try:
                    await self._p.housekeeping.fold_counters()
                    await self._p.housekeeping.notify(topics)
                except (Unreachable, LockBusy):
                    self._p.pulse.changed(*topics)
            await self._p.clock.sleep(_TICK_S)

    async def _attend(self) -> None:
        while True:
            try:
                await self._p.clerk.attend()
                await self._p.housekeeping.wait_for_news(_NEWS_S)
            except (Unreachable, LockBusy):
                await self._p.clock.sleep(self._p.options.retry_s)

    async def _last_words(self) -> None:
        try:
            await self._p.gate_store.save(self._p.gate.states())
            await self._p.housekeeping.fold_counters()
            await self._p.housekeeping.notify({"engine", "run"})
        except (Unreachable, LockBusy, Fenced):
            pass  # it was leaving anyway; the next engine reads what is committed
