"""The worker of one job: takes its run from state to state and keeps the drains of its groups going."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from scidex_console.domain.errors import (
    ConsoleError,
    Fenced,
    Halt,
    LockBusy,
    Refused,
    RepositoryError,
    Unreachable,
    UnsafePath,
)
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import WORKING, RunState
from scidex_console.engine.drain import Drain
from scidex_console.engine.jobs.job import Job
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.permits import RunPermits
from scidex_console.engine.ports import Clock, RunStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.views import RunView
from scidex_console.engine.writer import Writer

_LOOK_S = 1.0
"""How often the worker looks for due rows when nothing wakes it."""
_OBSERVING = "an engine that may write: this one only observes"

_FOR_A_PERSON = (Halt, RepositoryError, Refused, UnsafePath)
"""What a batch ends with when trying again by itself would not help."""


class Worker:
    """Runs one job. `run_forever` ends when told to leave, or by an error that ends the engine."""

    def __init__(
        self,
        job: Job,
        runs: RunStore,
        writer: Writer,
        clock: Clock,
        pulse: Pulse,
        options: EngineOptions,
        *,
        epoch: int,
    ) -> None:
        self._job = job
        self._runs = runs
        self._writer = writer
        self._clock = clock
        self._pulse = pulse
        self._options = options
        self._epoch = epoch
        self._leaving = False
        self._trouble: ConsoleError | None = None
        """Why the run must halt, until the database knows it."""

    @property
    def job(self) -> JobName:
        """The job this worker runs."""
        return self._job.name

    def leave(self) -> None:
        """Shutdown: finish the items in hand, flush and return; the run goes on with the next engine."""
        self._leaving = True
        self._pulse.wake()

    async def halt(self, trouble: ConsoleError) -> None:
        """Nothing is written any more until a person resumes. Raises `Unreachable`, `LockBusy`, `Halt`.

        What could not be told to the database is told at the next look.
        """
        self._trouble = trouble
        self._pulse.say("halt", f"HALT: {trouble}")
        run = await self._runs.open_run(self._job.name)
        if run is not None and run.state not in (RunState.PLANNED, RunState.PAUSED, RunState.HALTED):
            needed = trouble.bytes_needed if isinstance(trouble, Halt) else None
            await self._move(run, RunState.HALTED, halt_reason=str(trouble), halt_bytes_needed=needed)
        self._trouble = None
        self._pulse.changed("run")

    async def run_forever(self) -> None:
        """Look at the run, do what its state asks for, wait for news."""
        while True:
            busy = await self._round()
            if self._leaving:
                return
            if not busy:
                await self._pulse.wait(_LOOK_S)

    async def _round(self) -> bool:
        """One look at the run; whether there may be more to do at once."""
        try:
            busy = await self._look()
        except (Unreachable, LockBusy, Halt) as error:
            # A `Halt` only comes here when the database itself could not be told of it: its disk is full.
            await self._stumble(error)
            return True
        return busy

    async def _look(self) -> bool:
        if self._trouble is not None:
            await self.halt(self._trouble)
        run = await self._runs.open_run(self._job.name)
        if run is None or run.state is not RunState.HALTED:
            self._pulse.say("halt", "")
        if run is None:
            return False
        if not self._options.writes:
            return await self._observe(run)
        try:
            return await self._advance(run)
        except _FOR_A_PERSON as error:
            await self.halt(error)
            return True

    async def _advance(self, run: RunView) -> bool:
        if run.state in WORKING:
            await self._work(run)
        elif run.state is RunState.PAUSING:
            await self._flush(run)
            await self._move(run, RunState.PAUSED)
        elif run.state is RunState.CANCELLING:
            await self._flush(run)
            await self._move(run, RunState.CANCELLED)
        else:
            return False
        return True

    async def _observe(self, run: RunView) -> bool:
        """Nothing is asked and nothing is written; a run that is asked to rest rests."""
        ends = {RunState.PAUSING: RunState.PAUSED, RunState.CANCELLING: RunState.CANCELLED}
        if run.state in ends:
            await self._move(run, ends[run.state])
        elif run.state in WORKING and run.waits_on != _OBSERVING:
            await self._runs.wait_on(run, _OBSERVING)
        return False

    # --- working ----------------------------------------------------------------------------------------

    async def _work(self, run: RunView) -> None:
        await self._runs.wait_on(run, "survey of the rows without a file")
        await self._writer.undisturbed(lambda: self._job.survey(self._epoch))
        await self._runs.wait_on(run, "")
        permits = RunPermits(run, self._options)
        drains: dict[str, asyncio.Task[None]] = {}
        try:
            await self._keep_going(run, permits, drains)
        except (asyncio.CancelledError, Fenced):
            # The engine ends at once: nobody may be asked anything more.
            await self._let_go(drains, permits, patience=0.0)
            raise
        except BaseException:
            await self._let_go(drains, permits, patience=self._options.grace_s)
            raise
        for error in await self._let_go(drains, permits, patience=self._options.grace_s):
            raise error
        if self._leaving:
            await self._flush(run)

    async def _keep_going(
        self, run: RunView, permits: RunPermits, drains: dict[str, asyncio.Task[None]]
    ) -> None:
        while not self._leaving:
            try:
                if await self._is_finished(run, permits, drains):
                    return
                self._pulse.say(self._job.name, "")
            except (Unreachable, LockBusy) as error:
                # The drains go on meanwhile: what they have fetched is not to be fetched again.
                await self._stumble(error)
            else:
                await self._pulse.wait(_LOOK_S)

    async def _is_finished(
        self, run: RunView, permits: RunPermits, drains: dict[str, asyncio.Task[None]]
    ) -> bool:
        """One turn of work; whether the run is in another state now."""
        unseen = permits.unseen
        current = await self._runs.open_run(self._job.name)
        if current is None or current.id != run.id or current.state is not run.state:
            return True
        waiting = await self._job.waiting()
        permits.count(current, waiting, unseen=unseen)
        if self._is_full(waiting):
            permits.forget_count()
            await self._write_batch(run)
            self._pulse.wake()
            return False
        self._reap(drains)
        if not permits.used_up:
            self._start_drains(await self._job.ready_groups(), current, permits, drains)
        if not drains:
            return await self._is_over(current, permits)
        if current.waits_on:
            await self._runs.wait_on(current, "")
            self._pulse.changed("run")
        return False

    def _start_drains(
        self,
        groups: Sequence[str],
        run: RunView,
        permits: RunPermits,
        drains: dict[str, asyncio.Task[None]],
    ) -> None:
        for group in groups:
            if group not in drains:
                drain = Drain(
                    self._job,
                    group,
                    permits,
                    self._clock,
                    self._pulse,
                    run_id=run.id,
                    epoch=self._epoch,
                    retry_s=self._options.retry_s,
                )
                drains[group] = asyncio.create_task(drain.run(), name=f"drain {group}")
                drains[group].add_done_callback(lambda _: self._pulse.wake())

    def _reap(self, drains: dict[str, asyncio.Task[None]]) -> None:
        for group, task in list(drains.items()):
            if task.done():
                del drains[group]
                task.result()

    async def _is_over(self, run: RunView, permits: RunPermits) -> bool:
        """With no drain at work: the step or the run is over, or it says what it waits for."""
        if permits.used_up:
            if not permits.counts_batches:
                await self._flush(run)
            return await self._move(run, RunState.PAUSED)
        waits_on = await self._job.rest()
        if waits_on is None:
            await self._flush(run)
            return await self._move(run, RunState.DONE)
        if waits_on != run.waits_on:
            await self._runs.wait_on(run, waits_on)
            self._pulse.changed("run")
        return False

    async def _let_go(
        self, drains: dict[str, asyncio.Task[None]], permits: RunPermits, *, patience: float
    ) -> list[Exception]:
        """Give requests under way a moment to end, then let them go: their rows stay due.

        What went wrong in them, the most telling first.
        """
        permits.closed = True
        if drains and patience > 0:
            await asyncio.wait(drains.values(), timeout=patience)
        for task in drains.values():
            task.cancel()
        outcomes = await asyncio.gather(*drains.values(), return_exceptions=True)
        errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        return sorted(errors, key=lambda error: not isinstance(error, Fenced))

    # --- batches ----------------------------------------------------------------------------------------

    def _is_full(self, waiting: tuple[int, int]) -> bool:
        files, marks = waiting
        return files >= self._options.batch_files or marks >= self._options.batch_marks

    async def _flush(self, run: RunView) -> None:
        """Write everything that is prepared."""
        while any(await self._job.waiting()):
            if not await self._write_batch(run):
                return

    async def _write_batch(self, run: RunView) -> bool:
        written = await self._writer.write_batch(
            self._job, run.id, files=self._options.batch_files, marks=self._options.batch_marks
        )
        return written is not None

    # --- the run ----------------------------------------------------------------------------------------

    async def _move(
        self, run: RunView, to: RunState, *, halt_reason: str = "", halt_bytes_needed: int | None = None
    ) -> bool:
        """Move the run; False when an operator was quicker, and it must be looked at again."""
        try:
            await self._runs.move(run, to, halt_reason=halt_reason, halt_bytes_needed=halt_bytes_needed)
        except Refused:
            return False
        finally:
            self._pulse.changed("run", "gap")
        return True

    async def _stumble(self, error: ConsoleError) -> None:
        """Something was locked or out of reach: say so where that is still possible, and try again later."""
        self._pulse.say(self._job.name, str(error))
        try:
            run = await self._runs.open_run(self._job.name)
            if run is not None:
                await self._runs.wait_on(run, f"{error}; tried again every {self._options.retry_s:g} s")
                self._pulse.changed("run")
        except (Unreachable, LockBusy, Halt):
            pass  # the heartbeat's age tells it
        await self._clock.sleep(self._options.retry_s)
