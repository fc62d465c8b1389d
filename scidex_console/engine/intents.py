"""Settles intents: each operator's command becomes a legal move of a run, or an act of the writer.

What cannot be done at once waits, and says on what. Settling again after a restart is harmless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from scidex_console.domain.batches import Batch, BatchState
from scidex_console.domain.errors import ConsoleError, Fenced, Refused, StaleToken, Unreachable
from scidex_console.domain.hosts import Override
from scidex_console.domain.intents import ActionName, Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import WORKING, RunState
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.ports import (
    AttemptFilter,
    Clock,
    FigureStore,
    Gate,
    GateStore,
    IntentStore,
    Journal,
    ReadModel,
    RunStore,
)
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.two_stores.stores import Mandate
from scidex_console.engine.views import RunView
from scidex_console.engine.writer import Writer

_NEEDS_WRITES = frozenset(
    {
        ActionName.START,
        ActionName.STEP,
        ActionName.RESUME,
        ActionName.RETRY,
        ActionName.ROLLBACK,
        ActionName.REDO,
    }
)


class IntentClerk:
    """Handles claimed intents one after the other."""

    def __init__(
        self,
        *,
        intents: IntentStore,
        runs: RunStore,
        journal: Journal,
        figures: FigureStore,
        previews: ReadModel,
        gate: Gate,
        gate_store: GateStore,
        writer: Writer,
        mandate: Mandate,
        options: EngineOptions,
        clock: Clock,
        pulse: Pulse,
    ) -> None:
        self._intents = intents
        self._runs = runs
        self._journal = journal
        self._figures = figures
        self._previews = previews
        self._gate = gate
        self._gate_store = gate_store
        self._writer = writer
        self._mandate = mandate
        self._options = options
        self._clock = clock
        self._pulse = pulse
        self._waiting: dict[int, Intent] = {}
        self._handlers: dict[ActionName, Callable[[Intent], Awaitable[str | None]]] = {
            ActionName.START: self._start,
            ActionName.STEP: self._step,
            ActionName.PAUSE: self._pause,
            ActionName.RESUME: self._resume,
            ActionName.CANCEL: self._cancel,
            ActionName.RETRY: self._retry,
            ActionName.ROLLBACK: self._roll_back,
            ActionName.REDO: self._redo,
            ActionName.THROTTLE: self._throttle,
        }

    @property
    def is_idle(self) -> bool:
        """Whether no intent is waiting."""
        return not self._waiting

    async def attend(self) -> bool:
        """Take up new intents, then see which waiting ones are settled by now; whether there were any."""
        for intent_id in await self._intents.cancelled():
            self._waiting.pop(intent_id, None)
            self._pulse.changed("intent")
        claimed = await self._intents.claim()
        for intent in claimed:
            await self._handle(intent)
        for intent in list(self._waiting.values()):
            await self._settle_if_reached(intent)
        return bool(claimed)

    async def _handle(self, intent: Intent) -> None:
        before = await self._facts(intent)
        try:
            if intent.action in _NEEDS_WRITES and not self._options.writes:
                raise Refused(
                    "observe mode: this engine plans and shows, and writes nothing",
                    fix="set writes.enabled and writes.authorization, and restart the engine",
                )
            outcome = await self._handlers[intent.action](intent)
        except (Fenced, Unreachable):
            raise
        except ConsoleError as error:
            await self._intents.settle(intent, done=False, outcome=str(error), before=before)
        else:
            if outcome is None:
                self._waiting[intent.id] = intent
            else:
                after = await self._facts(intent)
                await self._intents.settle(intent, done=True, outcome=outcome, before=before, after=after)
        self._pulse.changed("intent", "run", "host")
        self._pulse.wake()

    async def _facts(self, intent: Intent) -> dict[str, Any]:
        """What an audit row says of before and after."""
        if intent.action is ActionName.THROTTLE:
            group = str(intent.params.get("group", ""))
            return {"in_flight": self._gate.in_flight_limit(group)}
        run = await self._runs.open_run(intent.job) if intent.job else None
        return {"run": run.id, "state": run.state} if run else {"run": None}

    # --- runs -------------------------------------------------------------------------------------------

    async def _start(self, intent: Intent) -> str | None:
        job = _job(intent)
        run = await self._runs.open_run(job)
        if run is None:
            run = await self._runs.create(job, RunState.RUNNING, steps=None, step_unit="item", intent=intent)
            return f"run {run.id} started"
        if run.state is RunState.RUNNING:
            return f"run {run.id} is already running"
        raise Refused(f"run {run.id} of {job} is {run.state}", fix="resume it, step it or cancel it")

    async def _step(self, intent: Intent) -> str | None:
        job = _job(intent)
        count = intent.params.get("count", 1)
        unit = "cycle" if intent.params.get("cycle") else "item"
        if not isinstance(count, int) or not 1 <= count <= 100_000:
            raise Refused("a step counts from 1 to 100000", where="count")
        run = await self._runs.open_run(job)
        resumed = intent.state is IntentState.WAITING or (
            run and run.state is RunState.STEPPING and run.steps_left
        )
        if run is None:
            run = await self._runs.create(job, RunState.STEPPING, steps=count, step_unit=unit, intent=intent)
        elif run.state in (RunState.PAUSED, RunState.HALTED, RunState.PLANNED):
            if intent.state is IntentState.WAITING:
                return f"run {run.id} is {run.state}"
            run = await self._recovered(run)
            run = await self._runs.move(run, RunState.STEPPING, steps=count, step_unit=unit)
        elif not resumed or run.state is not RunState.STEPPING:
            raise Refused(f"run {run.id} of {job} is {run.state}", fix="pause it first")
        await self._intents.wait(
            intent, f"{count} {'batches' if unit == 'cycle' else 'rows'} of run {run.id}"
        )
        return None

    async def _pause(self, intent: Intent) -> str | None:
        run = await self._existing(intent)
        if run.state in (RunState.PAUSED, RunState.HALTED):
            return f"run {run.id} is {run.state}"
        if run.state is not RunState.PAUSING:
            run = await self._runs.move(run, RunState.PAUSING)
        await self._intents.wait(intent, "the requests under way and the batch in hand")
        return None

    async def _resume(self, intent: Intent) -> str | None:
        run = await self._existing(intent)
        if run.state in WORKING:
            return f"run {run.id} is {run.state}"
        run = await self._recovered(run)
        run = await self._runs.move(run, RunState.RUNNING)
        return f"run {run.id} goes on"

    async def _cancel(self, intent: Intent) -> str | None:
        run = await self._existing(intent)
        if run.state in (RunState.HALTED, RunState.PLANNED):
            await self._runs.move(run, RunState.CANCELLED)
            return f"run {run.id} is cancelled"
        if run.state is not RunState.CANCELLING:
            await self._runs.move(run, RunState.CANCELLING)
        await self._intents.wait(intent, "the requests under way and the batch in hand")
        return None

    async def _existing(self, intent: Intent) -> RunView:
        job = _job(intent)
        run = await self._runs.open_run(job)
        if run is None:
            last = await self._runs.last_run(job)
            how = f"run {last.id} is {last.state}" if last else "there was none yet"
            raise Refused(f"{job} has no run under way ({how})", fix=f"start {job} first")
        return run

    async def _recovered(self, run: RunView) -> RunView:
        """Before a halted run goes on: what stood open is settled, or the halt stays."""
        if run.state is RunState.HALTED:
            await self._writer.recover_open_batches()
        return run

    async def _settle_if_reached(self, intent: Intent) -> None:
        """A waiting intent is settled once its run has come to rest."""
        job = _job(intent)
        run = await self._runs.open_run(job) or await self._runs.last_run(job)
        if run is None or run.state in (*WORKING, RunState.PAUSING, RunState.CANCELLING):
            return
        goals = {ActionName.PAUSE: "paused", ActionName.CANCEL: "cancelled", ActionName.STEP: "stepped"}
        reached = run.state is not RunState.HALTED
        outcome = f"run {run.id} is {run.state}"
        if run.state is RunState.HALTED:
            outcome += f": {run.halt_reason}"
        del self._waiting[intent.id]
        await self._intents.settle(
            intent,
            done=reached,
            outcome=outcome,
            after={"run": run.id, "state": run.state, "asked": goals.get(intent.action, "")},
        )
        self._pulse.changed("intent", "run")

    # --- rows and batches -------------------------------------------------------------------------------

    async def _retry(self, intent: Intent) -> str | None:
        ids = [str(i) for i in intent.params.get("artifact_ids", [])]
        token = str(intent.params.get("token", ""))
        if token or len(ids) != 1:
            criteria = AttemptFilter(
                group=str(intent.params.get("group", "")),
                outcome=str(intent.params.get("outcome", "")),
                since=_when(intent.params.get("since")),
                artifact_id=str(intent.params.get("artifact_id", "")),
                text=str(intent.params.get("text", "")),
            )
            preview = await self._previews.retry_preview(_job(intent), criteria)
            if preview.token != token:
                raise StaleToken(
                    "the rows to retry have changed since the preview", fix="look again and confirm"
                )
            ids = [item.artifact_id for item in preview.items]
        made_due = await self._figures.make_due(ids)
        return f"{len(made_due)} rows are due again"

    async def _roll_back(self, intent: Intent) -> str | None:
        batch = await self._batch(intent)
        if batch.state is BatchState.ROLLED_BACK:
            return f"batch {batch.id} is rolled back"
        await self._check_batch_plan(intent, batch, redo=False)
        batch = await self._writer.roll_back(batch, origin=self._mandate.origin(intent))
        return f"batch {batch.id} is {batch.state}: {_tally(batch)}"

    async def _redo(self, intent: Intent) -> str | None:
        batch = await self._batch(intent)
        if batch.state in (BatchState.CLEANED, BatchState.DONE) and batch.pass_no > 1:
            return f"batch {batch.id} is {batch.state}"
        await self._check_batch_plan(intent, batch, redo=True)
        batch = await self._writer.redo(batch)
        return f"batch {batch.id} is {batch.state}: {_tally(batch)}"

    async def _batch(self, intent: Intent) -> Batch:
        number = intent.params.get("batch")
        batch = await self._journal.load(number) if isinstance(number, int) else None
        if batch is None or batch.job is not _job(intent):
            raise Refused(f"there is no batch {number} of {intent.job}", fix="see `scidex-console batches`")
        run = await self._runs.open_run(batch.job)
        if run is not None and run.state is RunState.HALTED:
            raise Refused(f"run {run.id} is halted: nothing is written", fix="resume or cancel the run first")
        return batch

    async def _check_batch_plan(self, intent: Intent, batch: Batch, *, redo: bool) -> None:
        preview = await self._previews.rollback_preview(batch.id, redo=redo)
        if preview.token != intent.params.get("token"):
            raise StaleToken(f"batch {batch.id} has changed since the preview", fix="look again and confirm")

    # --- hosts ------------------------------------------------------------------------------------------

    async def _throttle(self, intent: Intent) -> str | None:
        group = str(intent.params.get("group", ""))
        if not group:
            raise Refused("a host group must be named", where="group")
        if intent.params.get("clear"):
            self._gate.set_override(group, None)
            done = f"{group} has its configured budget again"
        else:
            override = self._override(intent)
            self._gate.set_override(group, override)
            done = f"{group}: {_budget(override)} until {override.until:%Y-%m-%d %H:%M:%S} UTC"
        await self._gate_store.save(self._gate.states())
        return done

    def _override(self, intent: Intent) -> Override:
        rate, in_flight = intent.params.get("rate"), intent.params.get("in_flight")
        seconds = intent.params.get("for_seconds", 7200)
        if rate is None and in_flight is None:
            raise Refused("a throttle needs a rate, a number in flight, or both")
        if rate is not None and not (isinstance(rate, int | float) and 0 < rate <= 1000):
            raise Refused("a rate is above 0 and at most 1000 requests per second", where="rate")
        if in_flight is not None and not (isinstance(in_flight, int) and 1 <= in_flight <= 100):
            raise Refused("a number in flight is from 1 to 100", where="in_flight")
        if not (isinstance(seconds, int | float) and 1 <= seconds <= 30 * 86400):
            raise Refused("an override lasts from 1 second to 30 days", where="for")
        until = self._clock.now() + timedelta(seconds=float(seconds))
        return Override(rate, in_flight, until, intent.operator, intent.reason)


def _job(intent: Intent) -> JobName:
    if intent.job is None:
        raise Refused(f"{intent.action} needs a job")
    return intent.job


def _when(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None


def _budget(override: Override) -> str:
    parts = []
    if override.rate is not None:
        parts.append(f"{override.rate:g} requests/s")
    if override.in_flight is not None:
        parts.append(f"{override.in_flight} in flight")
    return ", ".join(parts)


def _tally(batch: Batch) -> str:
    counts: dict[str, int] = {}
    for operation in batch.operations:
        counts[operation.state] = counts.get(operation.state, 0) + 1
    return ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in sorted(counts.items()))
