"""From a key to an intent, and from the intent to its outcome.

A key is judged by the registry, asks what it must in a dialog, and ends as a row on the intent desk. What
was put there is followed until it is settled. A plan refused because the world had changed is shown anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from scidex_console.console.keys import Key, open_intent
from scidex_console.console.presentation.intents import outcome_words
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.batch_dialog import BatchDialog
from scidex_console.console.screens.cancel_dialog import CancelDialog
from scidex_console.console.screens.dialog import Command, Dialog
from scidex_console.console.screens.help import HelpScreen
from scidex_console.console.screens.retry_dialog import RetryDialog
from scidex_console.console.screens.soak_dialogs import plan_token_now, soak_dialog
from scidex_console.console.screens.step_dialog import StepDialog
from scidex_console.console.screens.throttle_dialog import ThrottleDialog
from scidex_console.console.screens.withdraw_dialog import WithdrawDialog
from scidex_console.domain.batches import STANDING, TAKEN_BACK
from scidex_console.domain.errors import ConsoleError, Refused, StaleToken, explain
from scidex_console.domain.intents import OF_THE_SOAK, SETTLED, ActionName, Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.domain.soak.ladder import Ladder
from scidex_console.engine.action_rules import open_run
from scidex_console.engine.actions import ACTIONS, ActionSpec, Friction, retry_params
from scidex_console.engine.ports import IntentDesk, ReadModel
from scidex_console.engine.views import BatchView, Overview

if TYPE_CHECKING:
    from scidex_console.console.app import ConsoleApp

_TONES = {IntentState.DONE: "ok", IntentState.REFUSED: "bad", IntentState.CANCELLED: "warn"}
_BATCHES_SEARCHED = 50
"""How many of a job's newest batches are looked through for one to take back."""
_CHANGED = "the state changed and nothing was done"
_JUST_NOW_S = 1.5
"""A key that means one thing or its opposite does nothing for so long after the run's state has changed: the
operator who presses it may not have seen that yet."""


class Orders:
    """The operator's side of the console."""

    def __init__(self, app: ConsoleApp, read: ReadModel, desk: IntentDesk) -> None:
        self._app = app
        self._read = read
        self._desk = desk
        self._followed: dict[int, tuple[Command, str]] = {}
        """Submitted and not settled: the command, and what was last said about it."""
        self._last: Command | None = None
        self._states: dict[JobName, tuple[RunState | None, float]] = {}
        """Each job's run state, and when it was first seen."""

    # --- keys ---------------------------------------------------------------------------------------------

    def press(self, key: Key) -> None:
        """Carry out a key of the screen on show, or say why not."""
        situation = self._app.situation()
        reason = self._app.why_not(key)
        if reason:
            self._app.say(f"{self._app.manners.shown(key)} {key.label_now(situation)}: {reason}", "warn")
            return
        if not key.actions:
            commands: dict[str, Callable[[], Any]] = {
                **self._app.commands(),
                "withdraw": self._withdraw,
                "do_step": self._do_step,
                "copy_command": self._copy_last,
                "help": self._help,
                **self._app.main_screen.commands(),
            }
            commands[key.command]()
            return
        spec = key.spec(situation)
        assert spec is not None
        state, since = self._states.get(situation.job, (None, 0.0))
        if len(key.actions) > 1 and self._app.monotonic() - since < _JUST_NOW_S:
            shown = self._app.manners.shown(key)
            again = f"press {shown} again to {spec.name}"
            self._app.say(f"{shown}: the run has just become {state}; {again}", "warn")
        elif spec.friction is Friction.KEY:
            self.work(self._submit(Command(spec.name, situation.job if spec.job_scoped else None)))
        else:
            self._open(spec, situation.job)

    def _open(self, spec: ActionSpec, job: JobName) -> None:
        if spec.name in (ActionName.ROLLBACK, ActionName.REDO):
            self.work(self._open_batch(spec, job), group="open")
            return
        if spec.name in OF_THE_SOAK:
            overview = self._app.knowledge().overview
            if overview is not None and overview.soak is not None:
                self._open_soak(spec, overview.soak, self._app.main_screen.subject().check)
            return
        dialogs: dict[ActionName, Callable[[], Dialog]] = {
            ActionName.STEP: lambda: StepDialog(self._app, spec, job),
            ActionName.CANCEL: lambda: CancelDialog(self._app, spec, job),
            ActionName.RETRY: lambda: RetryDialog(
                self._app, spec, job, self._read, criteria=self._app.main_screen.subject().criteria
            ),
            ActionName.THROTTLE: lambda: ThrottleDialog(
                self._app, spec, job, self._app.main_screen.subject().group
            ),
        }
        self._show(dialogs[spec.name]())

    def _open_soak(self, spec: ActionSpec, ladder: Ladder, check: str, note: str = "") -> None:
        dialog = soak_dialog(self._app, spec, ladder, check, note=note)
        if isinstance(dialog, str):
            self._app.say(f"{spec.title.lower()}: {dialog}", "warn")
        else:
            self._show(dialog)

    def _do_step(self) -> None:
        action = self._app.main_screen.subject().step_action
        assert action is not None
        spec = ACTIONS[action.name]
        if reason := spec.disabled_reason(self._app.situation(action.job)):
            self._app.say(f"{spec.title.lower()}: {reason}", "warn")
        elif spec.friction is Friction.KEY:
            self.work(self._submit(Command(spec.name, action.job, dict(action.params))))
        else:
            self._open(spec, action.job or JobName.FOLDERS)

    def _show(self, dialog: Dialog) -> None:
        def done(command: Command | None) -> None:
            if command is not None:
                self.work(self._submit(command))

        self._app.push_screen(dialog, done)

    async def _open_batch(self, spec: ActionSpec, job: JobName, note: str = "") -> None:
        redo = spec.name is ActionName.REDO
        chosen = self._app.main_screen.subject().batch_id
        if chosen is not None:
            preview = await self._read.rollback_preview(chosen, redo=redo)
            self._show(BatchDialog(self._app, spec, job, preview, note=note))
            return
        states = TAKEN_BACK if redo else STANDING
        batches = await self._read.batches(job, limit=_BATCHES_SEARCHED)
        batch: BatchView | None = next((b for b in batches if b.state in states), None)
        if batch is None:
            self._app.say(f"{job} has no {'rolled-back' if redo else 'finished'} batch", "warn")
            return
        preview = await self._read.rollback_preview(batch.id, redo=redo)
        self._show(BatchDialog(self._app, spec, job, preview, note=note))

    def _withdraw(self) -> None:
        intent = open_intent(self._app.situation(), self._app.main_screen.subject().intent_id)
        assert intent is not None

        def done(chosen: bool | None) -> None:
            if chosen:
                self.work(self._call_off(intent))

        self._app.push_screen(WithdrawDialog(self._app, intent), done)

    async def _call_off(self, intent: Intent) -> None:
        await self._desk.cancel(intent.id)
        self._app.say(f"#{intent.id}: withdrawal asked for")
        self._app.read_soon()

    def _help(self) -> None:
        self._app.push_screen(HelpScreen(self._app.key_views()))

    def _copy_last(self) -> None:
        pointed_at = self._app.main_screen.twin()
        text = (
            f"{self._app.program} {pointed_at}"
            if pointed_at
            else ACTIONS[self._last.action].command(
                self._last.job, self._last.params, self._last.reason, program=self._app.program
            )
            if self._last
            else f"{self._app.program} status"
        )
        self._app.copy(text)

    def twin(self, spec: ActionSpec, job: JobName) -> str:
        """The action as a command line, as far as it is known before anything is asked."""
        if spec.name is ActionName.THROTTLE:
            group = self._app.main_screen.subject().group or "GROUP"
            return spec.command(None, {"group": group}, program=self._app.program)
        subject = self._app.main_screen.subject()
        params: dict[str, Any] = {}
        if spec.name is ActionName.RETRY and subject.criteria:
            params = retry_params(subject.criteria)
        elif spec.name in (ActionName.ROLLBACK, ActionName.REDO) and subject.batch_id is not None:
            params = {"batch": subject.batch_id}
        return spec.command(job if spec.job_scoped else None, params, program=self._app.program)

    # --- intents ------------------------------------------------------------------------------------------

    async def _submit(self, command: Command) -> None:
        if command.params.get("token") and await self._has_changed(command):
            return
        intent = await self._desk.submit(
            command.action.value, command.job, command.params, reason=command.reason
        )
        self.follow_intent(command, intent)

    def follow_intent(self, command: Command, intent: Intent) -> None:
        """Tell what becomes of an intent that was put on the desk."""
        self._last = command
        self._followed[intent.id] = (command, "")
        self._tell(intent)
        self._app.read_soon()

    def follow(self, knowledge: Knowledge) -> None:
        """Look for what became of what was submitted; what the overview no longer lists is asked for."""
        if knowledge.overview is None or knowledge.trouble:
            return
        self._note_states(knowledge.overview)
        listed = {intent.id: intent for intent in knowledge.overview.intents}
        for intent_id in list(self._followed):
            if intent_id in listed:
                self._tell(listed[intent_id])
            else:
                self.work(self._look_up(intent_id))

    def _note_states(self, overview: Overview) -> None:
        for gap in overview.gaps:
            state = gap.run.state if gap.run else None
            seen = self._states.get(gap.job)
            if seen is None:
                self._states[gap.job] = (state, -_JUST_NOW_S)
            elif seen[0] != state:
                self._states[gap.job] = (state, self._app.monotonic())

    async def _look_up(self, intent_id: int) -> None:
        intent = await self._read.intent(intent_id)
        if intent is not None:
            self._tell(intent)

    def _tell(self, intent: Intent) -> None:
        if intent.id not in self._followed:
            return
        command, said = self._followed[intent.id]
        words = outcome_words(intent)
        if words != said:
            self._followed[intent.id] = (command, words)
            self._app.say(words, _TONES.get(intent.state, "strong"))
        if intent.state in SETTLED:
            del self._followed[intent.id]
            if intent.state is IntentState.REFUSED and command.params.get("token"):
                self.work(self._tell_refused_plan(command, intent.outcome))

    async def _has_changed(self, command: Command) -> bool:
        """Whether a plan is another one by now; then the new one is shown, and nothing is submitted."""
        try:
            return await self._show_anew(command, "")
        except Refused as error:
            self._app.say(f"{_CHANGED}: {explain(error)}", "bad")
            return True

    async def _show_anew(self, command: Command, why: str) -> bool:
        """Make a plan again; if it is another one now, the world has changed: show it and say so."""
        spec = ACTIONS[command.action]
        if command.action is ActionName.TRIAGE:
            return await self._app.decisions.show_anew(command, f"{_CHANGED}{why and f' ({why})'}")
        note = f"{_CHANGED}{why and f' ({why})'}: this is the plan as it is now"
        if command.action in OF_THE_SOAK:
            return await self._show_soak_anew(command, note)
        assert command.job is not None
        if command.action is ActionName.RETRY:
            dialog = RetryDialog(
                self._app, spec, command.job, self._read, note=note, criteria=command.criteria
            )
            retry = await self._read.retry_preview(command.job, dialog.criteria)
            if retry.token == command.params["token"]:
                return False
            self._show(dialog)
            return True
        redo = command.action is ActionName.REDO
        batch = await self._read.rollback_preview(command.params["batch"], redo=redo)
        if batch.token == command.params["token"]:
            return False
        self._show(BatchDialog(self._app, spec, command.job, batch, note=note))
        return True

    async def _show_soak_anew(self, command: Command, note: str) -> bool:
        ladder = await self._read.soak()
        if plan_token_now(ladder, command.params) == command.params["token"]:
            return False
        self._open_soak(ACTIONS[command.action], ladder, str(command.params.get("check", "")), note)
        return True

    async def _tell_refused_plan(self, command: Command, why: str) -> None:
        await self._show_anew(command, why)

    def work(self, work: Coroutine[Any, Any, None], group: str = "default") -> None:
        """Do it besides; of the group that opens dialogs only the newest goes on."""
        self._app.run_worker(self._guarded(work), group=group, exclusive=group == "open", exit_on_error=False)

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Every failure ends as words on the activity line."""
        try:
            await work
        except StaleToken as error:
            self._app.say(f"refused, the plan has changed: {explain(error)}", "bad")
        except ConsoleError as error:
            self._app.say(f"refused: {explain(error)}", "bad")
        except Exception as error:
            # Anything else the database may raise: shown, never the end of the console.
            self._app.say(f"failed: {type(error).__name__}: {error}", "bad")

    def farewell(self) -> str:
        """What is said on the way out."""
        overview = self._app.knowledge().overview
        if overview is None or overview.engine is None or overview.engine.state == "stopped":
            return "The console has left. No engine was running."
        runs = [run for job in JobName if (run := open_run(overview, job))]
        state = ", ".join(f"{run.job} run {run.id} is {run.state}" for run in runs) or "no run is open"
        if not self._app.engine_stays:
            return f"The console has left; the engine is stopped with it ({state})."
        return f"The console has left; the engine goes on ({state}). Come back with `{self._app.program}`."
