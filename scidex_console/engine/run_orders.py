"""Orders about a run: each becomes a legal move, which the job's worker then carries out."""

from __future__ import annotations

from contextlib import suppress

from scidex_console.domain.errors import Refused
from scidex_console.domain.intents import ActionName, Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import WORKING, RunState
from scidex_console.engine.ports import RunStore
from scidex_console.engine.views import RunView
from scidex_console.engine.vocabulary import counted
from scidex_console.engine.writer import Writer

_IN_HAND = "the requests under way and the batch in hand"
_MOST_STEPS = 100_000


class RunOrders:
    """Handlers of start, step, pause, resume and cancel.

    Each gives the outcome, or None when the intent waits for the run (`reached` tells when it got there).
    Handling an intent twice, as after a lost connection, has one effect: what moved the run has noted so on
    the intent in the same transaction, and such an intent is not handled again.
    """

    def __init__(self, runs: RunStore, writer: Writer) -> None:
        self._runs = runs
        self._writer = writer

    async def start(self, intent: Intent) -> str | None:
        """A new run; one that is running already answers."""
        job = job_of(intent)
        run = await self._runs.open_run(job)
        if run is None:
            run = await self._runs.create(job, RunState.RUNNING, steps=None, step_unit="item", intent=intent)
            return f"run {run.id} started"
        if run.state is RunState.RUNNING:
            return f"run {run.id} is already running"
        raise Refused(f"run {run.id} of {job} is {run.state}", fix="resume it, step it or cancel it")

    async def step(self, intent: Intent) -> str | None:
        """So many rows or batches, and then a pause."""
        job = job_of(intent)
        count = intent.params.get("count", 1)
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MOST_STEPS:
            raise Refused(f"a step counts from 1 to {_MOST_STEPS}", where="count")
        unit = "cycle" if intent.params.get("cycle") else "item"
        waits_on = counted(count, "batch", "batches") if unit == "cycle" else counted(count, "row")
        run = await self._runs.open_run(job)
        if run is None:
            await self._runs.create(
                job, RunState.STEPPING, steps=count, step_unit=unit, intent=intent, waits_on=waits_on
            )
        elif run.state in (RunState.PAUSED, RunState.HALTED, RunState.PLANNED):
            await self._recover_halted(run)
            await self._runs.move(
                run, RunState.STEPPING, steps=count, step_unit=unit, intent=intent, intent_waits_on=waits_on
            )
        else:
            raise Refused(f"run {run.id} of {job} is {run.state}", fix="pause it first")
        return None

    async def pause(self, intent: Intent) -> str | None:
        """The run rests after what is in hand."""
        run = await self._existing(intent)
        if run.state in (RunState.PAUSED, RunState.HALTED):
            return f"run {run.id} is {run.state}"
        await self._ask_for(run, RunState.PAUSING, intent)
        return None

    async def resume(self, intent: Intent) -> str | None:
        """The run goes on; a halted one after what stood open is settled."""
        run = await self._existing(intent)
        if run.state in WORKING:
            return f"run {run.id} is {run.state}"
        await self._recover_halted(run)
        run = await self._runs.move(run, RunState.RUNNING)
        return f"run {run.id} goes on"

    async def cancel(self, intent: Intent) -> str | None:
        """The run ends after what is in hand; a halted one ends at once, since nothing may be written."""
        run = await self._existing(intent)
        if run.state in (RunState.HALTED, RunState.PLANNED):
            await self._runs.move(run, RunState.CANCELLED)
            return f"run {run.id} is cancelled"
        await self._ask_for(run, RunState.CANCELLING, intent)
        return None

    async def give_up_step(self, job: JobName) -> None:
        """Nobody wants the step any more: it ends after what is in hand."""
        run = await self._runs.open_run(job)
        if run is not None and run.state is RunState.STEPPING:
            with suppress(Refused):  # it has come to its end meanwhile
                await self._runs.move(run, RunState.PAUSING)

    async def reached(self, intent: Intent) -> tuple[bool, str, RunView | None] | str:
        """Whether a waiting intent got what it asked for, in which words; or what it still waits for."""
        job = job_of(intent)
        run = await self._runs.open_run(job) or await self._runs.last_run(job)
        if run is None:
            return False, f"there is no run of {job} any more", None
        overtaken = run.state is RunState.RUNNING and intent.action in (ActionName.PAUSE, ActionName.STEP)
        if overtaken or (run.state is RunState.STEPPING and intent.action is ActionName.PAUSE):
            return False, f"overtaken: run {run.id} is {run.state} again", run
        if run.state in (*WORKING, RunState.PAUSING, RunState.CANCELLING):
            return run.waits_on
        if run.state is RunState.HALTED:
            return False, f"run {run.id} is halted: {run.halt_reason}", run
        return True, f"run {run.id} is {run.state}", run

    async def _ask_for(self, run: RunView, state: RunState, intent: Intent) -> None:
        if run.state is not state:
            await self._runs.move(run, state, intent=intent, intent_waits_on=_IN_HAND)

    async def _existing(self, intent: Intent) -> RunView:
        job = job_of(intent)
        run = await self._runs.open_run(job)
        if run is None:
            last = await self._runs.last_run(job)
            how = f"run {last.id} is {last.state}" if last else "there was none yet"
            raise Refused(f"{job} has no run under way ({how})", fix=f"`scidex-console start {job}` first")
        return run

    async def _recover_halted(self, run: RunView) -> None:
        """Before a halted run goes on: what stood open is settled, or the halt stays."""
        if run.state is RunState.HALTED:
            await self._writer.recover_open_batches()


def number_of(intent: Intent, name: str) -> int | None:
    """A parameter that is a whole number the database can hold; None for anything else."""
    value = intent.params.get(name)
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return value if whole else None


def job_of(intent: Intent) -> JobName:
    """The job an intent is about. Raises `Refused` when it names none."""
    if intent.job is None:
        raise Refused(f"{intent.action} needs a job")
    return intent.job
