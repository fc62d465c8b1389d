"""The worker of one job: takes its run from state to state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress

from scidex_console.domain.errors import (
    ConsoleError,
    Halt,
    LockBusy,
    Overtaken,
    Refused,
    RepositoryError,
    Unreachable,
    UnsafePath,
    briefly,
)
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import WORKING, RunState
from scidex_console.engine.jobs.job import Job
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.ports import Clock, RunStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.shift import LOOK_S, Shift
from scidex_console.engine.views import RunView
from scidex_console.engine.writer import Writer

_OBSERVING = "an engine that may write: this one only observes"
_RESTS = {RunState.PAUSING: RunState.PAUSED, RunState.CANCELLING: RunState.CANCELLED}

_FOR_A_PERSON = (Halt, RepositoryError, Refused, UnsafePath)
"""What a batch ends with when trying again by itself would not help."""


_SURVEY_EVERY_S = 600.0
"""How often an engine that only observes looks anew at what is missing."""


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
        self._shift: Shift | None = None
        self._leaving = False
        self._survey_at = -math.inf
        self.others: Sequence[Worker] = ()
        """The other jobs' workers, which write to the same disk."""
        self._trouble: ConsoleError | None = None
        """Why the run must halt, until the database knows it."""

    @property
    def job(self) -> JobName:
        """The job this worker runs."""
        return self._job.name

    def leave(self) -> None:
        """Shutdown: finish the items in hand, flush and return; the run goes on with the next engine."""
        self._leaving = True
        if self._shift is not None:
            self._shift.stop()
        self._pulse.wake()

    async def halt(self, trouble: ConsoleError) -> None:
        """Nothing is written any more until a person resumes. Raises `Unreachable`, `LockBusy`, `Halt`.

        A full disk halts the other jobs, too. What could not be told to the database is told at the next
        look.
        """
        await self._halt(trouble)
        if isinstance(trouble, Halt) and trouble.bytes_needed is not None:
            for other in self.others:
                await other._halt(trouble)

    async def _halt(self, trouble: ConsoleError) -> None:
        self._trouble = trouble
        self._pulse.say("halt", f"HALT: {briefly(trouble)}")
        run = await self._runs.open_run(self._job.name)
        if run is not None and run.state not in (RunState.PLANNED, RunState.PAUSED, RunState.HALTED):
            needed = trouble.bytes_needed if isinstance(trouble, Halt) else None
            await self._move(run, RunState.HALTED, halt_reason=briefly(trouble), halt_bytes_needed=needed)
        self._trouble = None
        self._pulse.changed("run")

    async def run_forever(self) -> None:
        """Look at the run, do what its state asks for, wait for news."""
        while True:
            busy = await self._round()
            if self._leaving:
                return
            if not busy:
                await self._pulse.wait(LOOK_S)

    async def _round(self) -> bool:
        """One look at the run; whether there may be more to do at once."""
        try:
            busy = await self._look()
        except (Unreachable, LockBusy, Halt) as error:
            # A `Halt` only comes here when the database itself could not be told of it: its disk is full.
            await self._stumble(error)
            if self._leaving:
                await self._flush_at_last()
            return True
        self._pulse.say(self._job.name, "")
        return busy

    async def _look(self) -> bool:
        if self._trouble is not None:
            await self.halt(self._trouble)
        run = await self._runs.open_run(self._job.name)
        if run is None or run.state is not RunState.HALTED:
            self._pulse.say("halt", "")
        if not self._options.writes:
            return await self._observe(run)
        if run is None:
            return False
        try:
            return await self._advance(run)
        except _FOR_A_PERSON as error:
            await self.halt(error)
            return True

    async def _advance(self, run: RunView) -> bool:
        if run.state in WORKING:
            await self._work(run)
        elif run.state in _RESTS:
            await self._flush(run)
            await self._move(run, _RESTS[run.state])
        else:
            return False
        return True

    async def _observe(self, run: RunView | None) -> bool:
        """Nothing is asked or written, but the gap is known; a run that is asked to rest rests."""
        if self._clock.monotonic() >= self._survey_at:
            self._survey_at = self._clock.monotonic() + _SURVEY_EVERY_S
            try:
                await self._job.survey(self._epoch)
            except _FOR_A_PERSON as error:
                self._pulse.say("survey", briefly(error))
            self._pulse.changed("gap")
        if run is None:
            return False
        if run.state in _RESTS:
            await self._move(run, _RESTS[run.state])
        elif run.state in WORKING and run.waits_on != _OBSERVING:
            await self._runs.wait_on(run, _OBSERVING)
        return False

    async def _work(self, run: RunView) -> None:
        await self._runs.wait_on(run, "survey of rows and files")
        await self._job.begin(stepping=run.state is RunState.STEPPING)
        await self._writer.undisturbed(lambda: self._job.survey(self._epoch))
        await self._runs.wait_on(run, "")
        self._shift = Shift(
            self._job,
            run,
            self._runs,
            self._writer,
            self._clock,
            self._pulse,
            self._options,
            epoch=self._epoch,
            stumble=self._stumble,
        )
        if self._leaving:
            self._shift.stop()
        try:
            await self._shift.work()
        finally:
            self._shift = None
        if self._leaving:
            await self._flush(run)

    async def _flush(self, run: RunView) -> None:
        files, marks = self._job.batch_limits
        await self._writer.flush(self._job, run.id, files=files, marks=marks, adoptions=False)

    async def _flush_at_last(self) -> None:
        """What was in the way may be over; if not, what is prepared waits for the next engine."""
        with suppress(Unreachable, LockBusy, Halt):
            run = await self._runs.open_run(self._job.name)
            if self._options.writes and run is not None and run.state in WORKING:
                await self._flush(run)

    async def _move(
        self, run: RunView, to: RunState, *, halt_reason: str = "", halt_bytes_needed: int | None = None
    ) -> None:
        """Move the run, unless an operator was quicker: then it is looked at again."""
        try:
            await self._runs.move(run, to, halt_reason=halt_reason, halt_bytes_needed=halt_bytes_needed)
        except Overtaken:
            self._pulse.wake()
        self._pulse.changed("run", "gap")

    async def _stumble(self, error: ConsoleError) -> None:
        """Something was locked or out of reach: say so where that is still possible, and try again later."""
        self._pulse.say(self._job.name, briefly(error))
        try:
            run = await self._runs.open_run(self._job.name)
            if run is not None:
                await self._runs.wait_on(
                    run, f"{briefly(error)}; tried again every {self._options.retry_s:g} s"
                )
                self._pulse.changed("run")
        except (Unreachable, LockBusy, Halt):
            pass  # the heartbeat's age tells it
        await self._clock.sleep(self._options.retry_s)
