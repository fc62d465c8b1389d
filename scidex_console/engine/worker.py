"""The worker of one job: takes its run from state to state and keeps the drains of its groups going."""

from __future__ import annotations

import asyncio

from scidex_console.domain.errors import Halt, LockBusy, Refused, RepositoryError, Unreachable
from scidex_console.domain.runs import WORKING, RunState
from scidex_console.engine.drain import Drain
from scidex_console.engine.jobs.job import Job
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.ports import Clock, RunStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.views import RunView
from scidex_console.engine.writer import Writer

_LOOK_S = 1.0
"""How often the worker looks for due rows when nothing wakes it."""


class RunPermits:
    """Counts what the run may still take up: without end while running, `steps_left` while stepping."""

    def __init__(self, worker: Worker, run: RunView) -> None:
        self._worker = worker
        self._run = run
        counted = run.state is RunState.STEPPING and run.step_unit == "item"
        self._left = (run.steps_left or 0) if counted else None
        self.closed = False

    @property
    def used_up(self) -> bool:
        """Whether a step has taken up all it may."""
        return self._left == 0

    def take(self) -> bool:
        """One more item may be taken up."""
        if self.closed or self.used_up or self._worker.is_choked():
            return False
        if self._left is not None:
            self._left -= 1
        return True

    def give_back(self) -> None:
        """The item was not prepared after all."""
        if self._left is not None:
            self._left += 1

    async def prepared(self) -> None:
        """An item was prepared and recorded."""
        if self._left is not None:
            await self._worker.count_step()
        self._worker.item_prepared()


class Worker:
    """Runs one job. `run_forever` ends only by cancellation or by an error that ends the engine."""

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
        self._waiting = (0, 0)
        self._leaving = False
        self._run: RunView | None = None

    def leave(self) -> None:
        """Shutdown: finish the items in hand, flush and return; the run goes on with the next engine."""
        self._leaving = True
        self._pulse.wake()

    def is_choked(self) -> bool:
        """Whether more is prepared than the next two batches can take: git is held up, so fetching waits."""
        files, marks = self._waiting
        return files >= 2 * self._options.batch_files or marks >= 2 * self._options.batch_marks

    def item_prepared(self) -> None:
        """Called by permits after each item."""
        self._pulse.changed("gap", "attempt")
        self._pulse.wake()

    async def count_step(self) -> None:
        """One item of a step is done."""
        if self._run is not None:
            self._run = await self._runs.count_step(self._run)

    async def run_forever(self) -> None:
        """Look at the run, do what its state asks for, wait for news."""
        while True:
            try:
                busy = await self._one_round()
                if self._leaving:
                    return
            except (Unreachable, LockBusy) as error:
                await self._stumble(str(error))
                if self._leaving:
                    return
                await self._clock.sleep(self._options.retry_s)
                continue
            except Refused:
                continue  # an operator moved the run between our look and our step: look again
            if not busy:
                await self._pulse.wait(_LOOK_S)

    async def _one_round(self) -> bool:
        run = self._run = await self._runs.open_run(self._job.name)
        if run is None or not self._options.writes:
            return False
        try:
            if run.state in WORKING:
                await self._work(run)
            elif run.state in (RunState.PAUSING, RunState.CANCELLING):
                await self._flush(run)
                ends = {RunState.PAUSING: RunState.PAUSED, RunState.CANCELLING: RunState.CANCELLED}
                await self._move(run, ends[run.state])
            else:
                return False
        except (Halt, RepositoryError) as error:
            await self._halt(error)
        return True

    async def _work(self, run: RunView) -> None:
        await self._runs.wait_on(run, "survey of the rows without a file")
        await self._job.survey(self._epoch)
        run = self._run = await self._runs.wait_on(run, "")
        permits = RunPermits(self, run)
        drains: dict[str, asyncio.Task[None]] = {}
        try:
            await self._keep_going(run, permits, drains)
        finally:
            permits.closed = True
            await self._let_finish(drains)
        if self._leaving:
            await self._flush(run)

    async def _keep_going(
        self, run: RunView, permits: RunPermits, drains: dict[str, asyncio.Task[None]]
    ) -> None:
        while not self._leaving:
            current = self._run = await self._runs.open_run(self._job.name)
            if current is None or current.id != run.id or current.state is not run.state:
                return
            await self._flush_full(current)
            self._reap(drains)
            if not permits.used_up:
                self._start_drains(await self._job.ready_groups(), current, permits, drains)
            if not drains and await self._is_over(current, permits):
                return
            await self._pulse.wait(_LOOK_S)

    def _start_drains(
        self,
        groups: object,
        run: RunView,
        permits: RunPermits,
        drains: dict[str, asyncio.Task[None]],
    ) -> None:
        assert isinstance(groups, list | tuple)
        for group in groups:
            if group not in drains:
                drain = Drain(
                    self._job,
                    group,
                    permits,
                    self._clock,
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
        if permits.used_up or (run.step_unit == "cycle" and run.steps_left == 0):
            await self._flush(run)
            await self._move(run, RunState.PAUSED)
            return True
        waits_on = await self._job.rest()
        if waits_on is None:
            await self._flush(run)
            await self._move(run, RunState.DONE)
            return True
        if waits_on != run.waits_on:
            await self._runs.wait_on(run, waits_on)
            self._pulse.changed("run")
        return False

    async def _flush_full(self, run: RunView) -> None:
        """Write a batch when enough is prepared for a full one."""
        self._waiting = files, marks = await self._job.waiting()
        if files >= self._options.batch_files or marks >= self._options.batch_marks:
            await self._write_batch(run)

    async def _flush(self, run: RunView) -> None:
        """Write everything that is prepared."""
        self._waiting = await self._job.waiting()
        while any(self._waiting):
            if not await self._write_batch(run):
                return

    async def _write_batch(self, run: RunView) -> bool:
        written = await self._writer.write_batch(
            self._job, run.id, files=self._options.batch_files, marks=self._options.batch_marks
        )
        self._waiting = await self._job.waiting()
        if written and run.state is RunState.STEPPING and run.step_unit == "cycle":
            await self._runs.count_step(run)
        return written is not None

    async def _let_finish(self, drains: dict[str, asyncio.Task[None]]) -> None:
        """Give requests under way a moment to end, then let them go: their rows stay due."""
        if drains:
            await asyncio.wait(drains.values(), timeout=self._options.grace_s)
        for task in drains.values():
            task.cancel()
        outcomes = await asyncio.gather(*drains.values(), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _move(self, run: RunView, to: RunState) -> None:
        self._run = await self._runs.move(run, to)
        self._pulse.changed("run", "gap")

    async def _halt(self, error: Halt | RepositoryError) -> None:
        run = await self._runs.open_run(self._job.name)
        if run is not None:
            needed = error.bytes_needed if isinstance(error, Halt) else None
            await self._runs.move(run, RunState.HALTED, halt_reason=str(error), halt_bytes_needed=needed)
        self._pulse.note = f"HALT: {error}"
        self._pulse.changed("run", "engine")

    async def _stumble(self, reason: str) -> None:
        """Something was locked or unreachable: say so where that is still possible, and try again."""
        self._pulse.note = reason
        self._pulse.changed("engine")
        try:
            run = await self._runs.open_run(self._job.name)
            if run is not None:
                await self._runs.wait_on(run, f"{reason}; retry in {self._options.retry_s:g} s")
        except (Unreachable, LockBusy):
            pass  # the heartbeat's age tells it
