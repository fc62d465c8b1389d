"""Settles intents: each operator's command becomes a legal move of a run, or an act of the writer.

What cannot be done at once waits, and says on what. Settling again after a restart is harmless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from scidex_console.domain.errors import (
    ConsoleError,
    Fenced,
    LockBusy,
    Overtaken,
    Refused,
    Unreachable,
    briefly,
)
from scidex_console.domain.intents import (
    BEHIND_THE_GATE,
    OF_THE_SOAK,
    WITHOUT_JOB,
    ActionName,
    Intent,
    IntentState,
)
from scidex_console.domain.jobs import JobName
from scidex_console.engine.host_orders import HostOrders
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.ports import Clock, IntentStore, RunStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.reading.orders import ReaderOrders
from scidex_console.engine.rescue_trial import RescueOrders
from scidex_console.engine.run_orders import RunOrders, job_of
from scidex_console.engine.soak.orders import SoakOrders
from scidex_console.engine.store_orders import BatchOrders, RowOrders
from scidex_console.engine.triage.orders import TriageOrders
from scidex_console.engine.views import RunView

Handler = Callable[[Intent], Awaitable[str | None]]

_NEEDS_WRITES = frozenset(
    {
        ActionName.START,
        ActionName.STEP,
        ActionName.RESUME,
        ActionName.RETRY,
        ActionName.ROLLBACK,
        ActionName.REDO,
        ActionName.TRIAGE,
    }
)
_SETTLED_BY_THE_RUN = frozenset({ActionName.STEP, ActionName.PAUSE, ActionName.CANCEL})
"""Once these have moved the run (then they are `waiting`), only what the run does settles them."""


_LOOKS = 10
"""How often a handler that was overtaken looks again at once."""

_WITHDRAWN = {
    ActionName.PAUSE: "withdrawn too late: the run pauses all the same; resume it",
    ActionName.CANCEL: "withdrawn too late: the run ends all the same",
    ActionName.STEP: "withdrawn: the run pauses after what is in hand",
    ActionName.ROLLBACK: "withdrawn; a batch that is half-way back already is taken back all the same",
    ActionName.REDO: "withdrawn; a batch that is half-way on already is brought on all the same",
    ActionName.TRIAGE: "withdrawn; a decision that is half-way applied already is applied all the same",
}
"""What becomes of a waiting intent that is withdrawn."""


@dataclass
class _Waiting:
    """An intent that waits for its run."""

    intent: Intent
    before: dict[str, Any]
    told: str = ""
    """What it was last said to wait on."""


class IntentClerk:
    """Handles open intents one after the other, and holds those that wait for a run."""

    def __init__(
        self,
        *,
        intents: IntentStore,
        runs: RunStore,
        run_orders: RunOrders,
        row_orders: RowOrders,
        batch_orders: BatchOrders,
        host_orders: HostOrders,
        triage_orders: TriageOrders,
        soak_orders: SoakOrders,
        reader_orders: ReaderOrders,
        rescue_orders: RescueOrders,
        served: Collection[JobName],
        options: EngineOptions,
        clock: Clock,
        pulse: Pulse,
    ) -> None:
        self._intents = intents
        self._runs = runs
        self._run_orders = run_orders
        self._batch_orders = batch_orders
        self._host_orders = host_orders
        self._triage_orders = triage_orders
        self._soak_orders = soak_orders
        self._reader_orders = reader_orders
        self._rescue_orders = rescue_orders
        self._served = frozenset(served)
        self._options = options
        self._clock = clock
        self._pulse = pulse
        self._waiting: dict[int, _Waiting] = {}
        self._blocked: dict[int, float] = {}
        """Intents that found something locked, and when (monotonic) they are tried again."""
        self._handlers: dict[ActionName, Handler] = {
            ActionName.START: run_orders.start,
            ActionName.STEP: run_orders.step,
            ActionName.PAUSE: run_orders.pause,
            ActionName.RESUME: run_orders.resume,
            ActionName.CANCEL: run_orders.cancel,
            ActionName.RETRY: row_orders.retry,
            ActionName.ROLLBACK: batch_orders.roll_back,
            ActionName.REDO: batch_orders.redo,
            ActionName.THROTTLE: host_orders.throttle,
            ActionName.TRIAGE: triage_orders.decide,
            ActionName.SOAK_BEGIN: soak_orders.begin,
            ActionName.SOAK_CONFIRM: soak_orders.confirm,
            ActionName.SOAK_SIGN: soak_orders.sign,
            ActionName.SOAK_OVERRIDE: soak_orders.override,
            ActionName.SOAK_MEASURE: soak_orders.measure,
            ActionName.READERS_SET: reader_orders.set_share,
            ActionName.RESCUE: rescue_orders.begin,
        }

    @property
    def is_idle(self) -> bool:
        """Whether no intent was left open by the last `attend`."""
        return not self._waiting and not self._blocked

    async def attend(self) -> None:
        """Drop what was cancelled, settle what has come to its end, take up what is new.

        An error leaves every intent as the database has it: the next call takes it up from there.
        """
        await self._drop_cancelled()
        for waiting in list(self._waiting.values()):
            await self._settle_if_reached(waiting)
        open_intents = await self._intents.claim(besides=self._waiting.keys())
        known = {intent.id for intent in open_intents}
        self._blocked = {i: again for i, again in self._blocked.items() if i in known}
        for intent in open_intents:
            if self._clock.monotonic() >= self._blocked.get(intent.id, 0.0):
                await self._handle(intent)

    async def _handle(self, intent: Intent) -> None:
        before = await self._facts(intent)
        outcome: str | None
        try:
            self._check(intent)
            if intent.state is IntentState.WAITING and intent.action in _SETTLED_BY_THE_RUN:
                outcome = None
            else:
                if intent.action in BEHIND_THE_GATE:
                    await self._soak_orders.check_run(job_of(intent))
                outcome = await self._handled(intent)
        except (Fenced, Unreachable):
            raise
        except LockBusy as error:
            await self._put_off(intent, error)
            return
        except ConsoleError as error:
            await self._intents.settle(intent, done=False, outcome=str(error), before=before)
        except Exception as error:
            # A fault of this program. It ends the engine, but must not end the next one as well.
            reason = f"this program is at fault: {type(error).__name__}: {error}"
            await self._intents.settle(intent, done=False, outcome=reason, before=before)
            raise
        else:
            if outcome is None:
                self._waiting[intent.id] = _Waiting(intent, before)
            else:
                after = await self._facts(intent)
                await self._intents.settle(intent, done=True, outcome=outcome, before=before, after=after)
        self._blocked.pop(intent.id, None)
        self._pulse.changed("intent", "run", "host", "triage")
        self._pulse.wake()

    async def _handled(self, intent: Intent) -> str | None:
        for _ in range(_LOOKS):
            try:
                return await self._handlers[intent.action](intent)
            except Overtaken:
                continue  # the worker moved the run between the handler's look and its move
        raise LockBusy("the run does not keep still")

    def _check(self, intent: Intent) -> None:
        if intent.action in _NEEDS_WRITES and not self._options.writes:
            raise Refused(
                "observe mode: this engine plans and shows, and writes nothing",
                fix="set writes.enabled and writes.authorization, and restart the engine",
            )
        if intent.action not in WITHOUT_JOB and job_of(intent) not in self._served:
            served = ", ".join(sorted(self._served)) or "no job"
            raise Refused(f"this engine does not run {intent.job}, only {served}")

    async def _put_off(self, intent: Intent, error: LockBusy) -> None:
        """Something is locked: the intent is tried again in a while, and says so."""
        self._blocked[intent.id] = self._clock.monotonic() + self._options.retry_s
        if intent.action not in _SETTLED_BY_THE_RUN:
            await self._intents.wait(
                intent, f"{briefly(error)}; tried again every {self._options.retry_s:g} s"
            )
        self._pulse.changed("intent")

    async def _drop_cancelled(self) -> None:
        for intent in await self._intents.cancelled(_WITHDRAWN):
            self._waiting.pop(intent.id, None)
            if intent.action is ActionName.STEP and intent.state is IntentState.WAITING:
                await self._run_orders.give_up_step(job_of(intent))
            if intent.action is ActionName.RESCUE:
                self._rescue_orders.drop(intent)
            self._pulse.changed("intent", "run")
            self._pulse.wake()

    async def _settle_if_reached(self, waiting: _Waiting) -> None:
        """A waiting intent is settled once its run has come to rest, or has gone another way.

        Or once its trial is over.
        """
        intent = waiting.intent
        reached = await self._reached(intent)
        if isinstance(reached, str):
            if reached and reached != waiting.told:
                await self._intents.wait(intent, reached)
                waiting.told = reached
                self._pulse.changed("intent")
            return
        done, outcome, after = reached
        await self._intents.settle(intent, done=done, outcome=outcome, before=waiting.before, after=after)
        del self._waiting[intent.id]
        self._pulse.changed("intent", "run")

    async def _reached(self, intent: Intent) -> tuple[bool, str, dict[str, Any] | None] | str:
        if intent.action is ActionName.RESCUE:
            return self._rescue_orders.reached(intent)
        reached = await self._run_orders.reached(intent)
        if isinstance(reached, str):
            return reached
        done, outcome, run = reached
        return done, outcome, _run_facts(run)

    async def _facts(self, intent: Intent) -> dict[str, Any]:
        """What an audit row says of before and after."""
        if intent.action is ActionName.THROTTLE:
            return self._host_orders.facts(intent)
        if intent.action is ActionName.TRIAGE:
            return await self._triage_orders.facts(intent)
        if intent.action in OF_THE_SOAK:
            return await self._soak_orders.facts()
        if intent.action is ActionName.READERS_SET:
            return await self._reader_orders.facts()
        if intent.action in (ActionName.ROLLBACK, ActionName.REDO):
            return await self._batch_orders.facts(intent)
        run = await self._runs.open_run(intent.job) if intent.job else None
        return _run_facts(run)


def _run_facts(run: RunView | None) -> dict[str, Any]:
    return {"run": run.id, "state": run.state} if run else {"run": None}
