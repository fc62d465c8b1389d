"""One engine process: takes the store, recovers, then works, listens and beats until it is told to leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from scidex_console.domain.errors import (
    ConsoleError,
    Fenced,
    Halt,
    LockBusy,
    Refused,
    RepositoryError,
    Unreachable,
    UnsafePath,
    briefly,
)
from scidex_console.domain.runs import RunState
from scidex_console.engine.intents import IntentClerk
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.ports import Clock, Fence, Gate, GateStore, Housekeeping, RunStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.soak.rounds import SoakRounds
from scidex_console.engine.worker import Worker
from scidex_console.engine.writer import Writer

_TICK_S = 0.5
"""News goes to consoles at most this often (postgres.md: every 250 to 1,000 ms)."""
_NEWS_S = 1.0
_THIN_EVERY_S = 3600.0
"""How often counts of reads of long ago are gathered by the hour."""
_PUBLISH_AGAIN_S = 60.0
"""How often a pointer or a push that failed is tried again."""

_PASSING = (Unreachable, LockBusy, Halt)
"""What ends by itself or by a person's hand while the engine waits. `Halt`: the database's disk is full."""


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
    soak: SoakRounds


class Engine:
    """Runs until `leave` is called, until idle when so asked, or until it is fenced."""

    def __init__(self, parts: Parts) -> None:
        self._p = parts
        for worker in parts.workers:
            worker.others = [other for other in parts.workers if other is not worker]
        self._leave = asyncio.Event()
        self._saving = asyncio.Lock()

    def leave(self) -> None:
        """Ask the engine to finish the items in hand, flush and go (SIGTERM)."""
        self._leave.set()

    async def run(self) -> None:
        """The whole life of a fenced engine. Raises `Fenced` when another one took over."""
        self._p.gate.renew(self._p.clock.monotonic() + self._p.options.stalled_after_s)
        self._p.gate.restore(await self._p.gate_store.load())
        async with asyncio.TaskGroup() as life:
            duties = [life.create_task(duty) for duty in (self._beat(), self._tick(), self._keep_closings())]
            if self._p.options.writes:
                await self._recover()
                duties.append(life.create_task(self._publish()))
            duties.append(life.create_task(self._attend()))
            duties.append(life.create_task(self._soak()))
            duties.append(life.create_task(self._thin()))
            workers = [life.create_task(worker.run_forever()) for worker in self._p.workers]
            await self._until_told()
            for worker in self._p.workers:
                worker.leave()
            await asyncio.gather(*workers)
            await _end(duties)
        await self._last_words()

    async def _recover(self) -> None:
        """Settle what an earlier engine left open. What needs a person halts the runs under way."""
        while not self._leave.is_set():
            try:
                await self._p.writer.recover()
                return
            except (Unreachable, LockBusy) as error:
                self._p.pulse.say("recovery", f"recovery waits: {briefly(error)}")
            except (Halt, RepositoryError, Refused, UnsafePath) as error:
                self._p.pulse.say("recovery", f"not recovered: {briefly(error)}")
                if await self._halted(error):
                    return
            await self._rest(self._p.options.retry_s)

    async def _halted(self, trouble: ConsoleError) -> bool:
        try:
            for worker in self._p.workers:
                await worker.halt(trouble)
        except _PASSING:
            return False
        return True

    async def _until_told(self) -> None:
        idle_looks = 0
        while not self._leave.is_set():
            await self._rest(_NEWS_S)
            if self._p.options.until_idle:
                idle_looks = idle_looks + 1 if await self._is_idle() else 0
                if idle_looks >= 3:
                    return

    async def _is_idle(self) -> bool:
        if not self._p.clerk.is_idle:
            return False
        if not self._p.options.writes:
            return True
        try:
            for worker in self._p.workers:
                run = await self._p.runs.open_run(worker.job)
                if run is not None and run.state not in (RunState.PAUSED, RunState.HALTED, RunState.PLANNED):
                    return False
        except _PASSING:
            return False
        return True

    async def _beat(self) -> None:
        while True:
            self._p.pulse.grow_older(self._p.clock.monotonic())
            note, began = self._p.pulse.note, self._p.clock.monotonic()
            try:
                await self._p.fence.beat(note)
                self._p.gate.renew(began + self._p.options.stalled_after_s)
                await self._save_gates()
            except _PASSING as error:
                prefix = "reconnecting: " if isinstance(error, Unreachable) else ""
                self._p.pulse.say("database", f"{prefix}{error}")
            else:
                if note == self._p.pulse.note:
                    self._p.pulse.say("database", "")
            await self._p.clock.sleep(self._p.options.heartbeat_s)

    async def _keep_closings(self) -> None:
        """A hold outlives an engine that is killed the moment after."""
        while True:
            closed = await self._p.gate.closed()
            await self._undeterred(partial(self._save_gates, closed))

    async def _save_gates(self, groups: Collection[str] | None = None) -> None:
        async with self._saving:  # or what was read before a hold could be written after it
            states = self._p.gate.states()
            if groups is not None:
                states = [state for state in states if state.group in groups]
            await self._p.gate_store.save(states)

    async def _tick(self) -> None:
        while True:
            topics = self._p.pulse.take()
            if topics:
                try:
                    await self._p.housekeeping.fold_counters()
                    await self._p.housekeeping.notify(topics)
                except _PASSING:
                    self._p.pulse.changed(*topics)
            await self._p.clock.sleep(_TICK_S)

    async def _attend(self) -> None:
        while True:
            if await self._undeterred(self._p.clerk.attend):
                await self._p.housekeeping.wait_for_news(_NEWS_S)

    async def _publish(self) -> None:
        while True:
            await self._p.clock.sleep(_PUBLISH_AGAIN_S)
            await self._undeterred(self._p.writer.publish_again)

    async def _soak(self) -> None:
        while not await self._undeterred(self._p.soak.declare):
            pass
        while True:
            await self._undeterred(self._p.soak.look)
            await self._p.clock.sleep(self._p.soak.options.rules.measured_every_s)

    async def _thin(self) -> None:
        while True:
            await self._p.clock.sleep(_THIN_EVERY_S)
            await self._undeterred(self._p.housekeeping.thin_reads)

    async def _undeterred(self, duty: Callable[[], Awaitable[object]]) -> bool:
        """Whether the duty was done; if something was in the way, after a pause."""
        try:
            await duty()
        except _PASSING:
            await self._p.clock.sleep(self._p.options.retry_s)
            return False
        return True

    async def _rest(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as the engine is told to leave."""
        try:
            async with asyncio.timeout(seconds):
                await self._leave.wait()
        except TimeoutError:
            pass

    async def _last_words(self) -> None:
        try:
            if self._p.options.writes:
                await self._p.writer.publish_again()
            await self._p.gate_store.save(self._p.gate.states())
            await self._p.housekeeping.fold_counters()
            await self._p.housekeeping.notify({"engine", "run"})
        except (*_PASSING, Fenced):
            pass  # it was leaving anyway; the next engine reads what is committed


async def _end(duties: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until it is so: before Python 3.12 one that meets the end of a `wait_for` gets lost."""
    while pending := [duty for duty in duties if not duty.done()]:
        for duty in pending:
            duty.cancel()
        await asyncio.wait(pending, timeout=1.0)
