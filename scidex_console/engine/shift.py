"""One stretch of work on a run: from its move to running or stepping until it moves on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from scidex_console.domain.errors import ConsoleError, Fenced, LockBusy, Overtaken, Unreachable
from scidex_console.domain.runs import RunState
from scidex_console.engine.drain import Drain, Recorders
from scidex_console.engine.jobs.job import Job
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.permits import RunPermits
from scidex_console.engine.ports import Clock, RunStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.views import RunView
from scidex_console.engine.writer import Writer

T = TypeVar("T")

_BREATH_S = 0.02
"""Between two looks, so that a burst of prepared items is looked at once."""
LOOK_S = 1.0
"""How often the run and the due rows are looked at when nothing wakes the worker."""
_RECORDERS = 4
"""Drains that read or record at once: half of an engine's connections, so that batches are written, too."""


class Shift:
    """Keeps a drain going for every group with due rows, and writes full batches beside them.

    A database or a repository that is locked or out of reach is waited for (`stumble`) with the drains at
    work: what they have fetched is not to be fetched again.
    """

    def __init__(
        self,
        job: Job,
        run: RunView,
        runs: RunStore,
        writer: Writer,
        clock: Clock,
        pulse: Pulse,
        options: EngineOptions,
        *,
        epoch: int,
        stumble: Callable[[ConsoleError], Awaitable[None]],
    ) -> None:
        self._job = job
        self._run = run
        self._runs = runs
        self._writer = writer
        self._clock = clock
        self._pulse = pulse
        self._options = options
        self._epoch = epoch
        self._stumble = stumble
        self._permits = RunPermits(run, job.batch_limits, ahead=job.reads_beside_writing)
        self._drains: dict[str, asyncio.Task[None]] = {}
        self._writing: asyncio.Task[object] | None = None
        self._publishing: asyncio.Task[object] | None = None
        self._stopped = False
        self._recorders = Recorders(clock, at_once=_RECORDERS, retry_s=options.retry_s)

    def stop(self) -> None:
        """Take up nothing more; what is in hand is finished."""
        self._stopped = True
        self._permits.closed = True
        self._pulse.wake()

    async def work(self) -> None:
        """Until the run is in another state, or `stop`. Raises what needs a person, and `Fenced`."""
        try:
            await self._keep_going()
        except (asyncio.CancelledError, Fenced):
            # The engine ends at once: nobody may be asked anything more.
            await self._end(patience=0.0)
            raise
        except BaseException:
            await self._end(patience=self._options.grace_s)
            raise
        for error in await self._end(patience=self._options.grace_s):
            raise error

    async def _keep_going(self) -> None:
        while not self._stopped:
            try:
                if await self._turn():
                    return
                self._pulse.say(self._job.name, "")
            except (Unreachable, LockBusy) as error:
                await self._stumble(error)
            else:
                await self._breathe()
                await self._pulse.wait(LOOK_S)

    async def _breathe(self) -> None:
        """Let a burst of prepared items be looked at once; what comes to its end is seen without delay."""
        breath = asyncio.ensure_future(self._clock.sleep(_BREATH_S))
        beside = [task for task in (self._writing, self._publishing) if task is not None]
        try:
            await asyncio.wait([breath, *self._drains.values(), *beside], return_when=asyncio.FIRST_COMPLETED)
        finally:
            breath.cancel()

    async def _turn(self) -> bool:
        """Look at everything once; whether the run has moved on."""
        self._reap()
        if self._writing is None and not self._writer.is_sound:
            # Before anything more is read: an open batch may have its commit, and then files are elsewhere.
            self._writing = self._beside(self._writer.recover_open_batches(), "recovery")
        elif self._writing is None and self._writer.is_overdue:
            self._writing = self._beside(self._writer.tidy(), "tidy")
        elif self._writing is None and self._publishing is None and self._writer.owes_publishing:
            # Nothing waits for it: it changes the outer repository, and sends what is committed.
            self._publishing = self._beside(self._writer.publish(), "publish")
        unseen = self._permits.unseen
        waiting = files, marks = await self._job.waiting()
        run = await self._runs.open_run(self._job.name)
        if run is None or run.id != self._run.id or run.state is not self._run.state:
            return True
        self._permits.count(run, waiting, unseen=unseen)
        full_files, full_marks = self._job.batch_limits
        full = files >= full_files or marks >= full_marks
        stepped = self._permits.counts_batches and self._permits.used_up
        beside = self._job.reads_beside_writing
        if self._writing is None and full and not stepped and (beside or not self._drains):
            self._writing = self._beside(self._write_batch(), "batch")
        # Without room hundreds of drains would begin, ask for their rows, and end again at once.
        takes_up = not self._permits.used_up and self._permits.has_room
        if takes_up and (beside or not (full or self._writing)):
            for group in await self._job.ready_groups():
                self._start_drain(group)
        if not self._drains and self._writing is None and self._publishing is None:
            return await self._is_over(run)
        if run.waits_on:
            await self._runs.wait_on(run, "")
            self._pulse.changed("run")
        return False

    async def _is_over(self, run: RunView) -> bool:
        """With nothing at work: the step or the run is over, or it says what it waits for."""
        if self._permits.used_up:
            if self._permits.counts_batches:
                await self._writer.tidy(wait=True)  # a batch is over when its old paths have gone
            else:
                await self._flush(adoptions=False)
            return await self._move(run, RunState.PAUSED)
        waits_on = await self._job.rest()
        if waits_on is None:
            await self._flush(adoptions=True)
            return await self._finish(run)
        if self._job.closes_batch_at_rest and any(await self._job.waiting()):
            await self._flush(adoptions=True)
            return False
        if waits_on != run.waits_on:
            await self._runs.wait_on(run, waits_on)
            self._pulse.changed("run")
        return False

    async def _finish(self, run: RunView) -> bool:
        """What belongs to the end, before the run is called done. It may take minutes, and gives way."""
        if not self._job.ending:
            await self._job.finish()
            return await self._move(run, RunState.DONE)
        await self._runs.wait_on(run, self._job.ending)
        self._pulse.changed("run")
        finishing = self._beside(self._job.finish(), "finish")
        try:
            while not finishing.done() and not self._stopped and await self._stands(run):
                await self._pulse.wait(LOOK_S)
            ended = finishing.done()
        finally:
            finishing.cancel()
            await asyncio.wait([finishing])
        if ended:
            finishing.result()
            self._pulse.say("ending", "")
            return await self._move(run, RunState.DONE)
        words = f"{self._job.ending}, which was interrupted and is to be done again"
        await self._runs.wait_on(run, words)
        self._pulse.mention("ending", words)
        return True

    async def _stands(self, run: RunView) -> bool:
        """Whether the run is as it was, as far as the database can be asked."""
        try:
            now = await self._runs.open_run(self._job.name)
        except (Unreachable, LockBusy):
            return True
        return now is not None and now.id == run.id and now.state is run.state

    # --- what goes on beside ----------------------------------------------------------------------------

    def _start_drain(self, group: str) -> None:
        if group in self._drains:
            return
        drain = Drain(
            self._job,
            group,
            self._permits,
            self._clock,
            self._pulse,
            run_id=self._run.id,
            epoch=self._epoch,
            recorders=self._recorders,
        )
        self._drains[group] = self._beside(drain.run(), f"drain {group}")

    def _beside(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(lambda _: self._pulse.wake())
        return task

    def _reap(self) -> None:
        """Take note of what has ended; raises what it raised."""
        for group, task in list(self._drains.items()):
            if task.done():
                del self._drains[group]
                task.result()
        if self._writing is not None and self._writing.done():
            written, self._writing = self._writing, None
            written.result()
        if self._publishing is not None and self._publishing.done():
            published, self._publishing = self._publishing, None
            published.result()

    async def _end(self, *, patience: float) -> list[Exception]:
        """Give requests under way a moment to end, then let them go: their rows stay due.

        The batch in hand is written to its end. What went wrong in all of it, the most telling first.
        """
        self._permits.closed = True
        beside = [task for task in (self._writing, self._publishing) if task is not None]
        tasks = [*self._drains.values(), *beside]
        try:
            if self._drains and patience > 0:
                await asyncio.wait(self._drains.values(), timeout=patience)
            if beside and patience > 0:
                await asyncio.wait(beside)
        finally:  # also when this wait is cut short, nobody goes on asking
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        return sorted(errors, key=lambda error: not isinstance(error, Fenced))

    # --- batches and the run ----------------------------------------------------------------------------

    async def _write_batch(self) -> object:
        files, marks = self._job.batch_limits
        return await self._writer.write_batch(self._job, self._run.id, files=files, marks=marks)

    async def _flush(self, *, adoptions: bool) -> None:
        files, marks = self._job.batch_limits
        await self._writer.flush(self._job, self._run.id, files=files, marks=marks, adoptions=adoptions)

    async def _move(self, run: RunView, to: RunState) -> bool:
        try:
            await self._runs.move(run, to)
        except Overtaken:
            return False  # an operator was quicker: look again
        finally:
            self._pulse.changed("run", "gap")
        return True
