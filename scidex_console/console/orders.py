"""From a key to an intent, and from the intent to its outcome.

A key is judged by the registry, asks what it must in a dialog, and ends as a row on the intent desk. What
was put there is followed until it is settled. A plan refused because the world had changed is shown anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from scidex_console.console.keys import Key, open_intent
from scidex_console.console.presentation.in_full import in_full_lines
from scidex_console.console.presentation.intents import outcome_words
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.dialog import CHANGED, Command
from scidex_console.domain.errors import ConsoleError, Refused, StaleToken, explain
from scidex_console.domain.intents import SETTLED, ActionName, Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.action_rules import open_run
from scidex_console.engine.actions import ACTIONS, Friction
from scidex_console.engine.ports import IntentDesk, ReadModel
from scidex_console.engine.views import Overview

if TYPE_CHECKING:
    from scidex_console.console.app import ConsoleApp
    from scidex_console.console.asking import Asking

_TONES = {IntentState.DONE: "ok", IntentState.REFUSED: "bad", IntentState.CANCELLED: "warn"}
_JUST_NOW_S = 1.5
"""A key that means one thing or its opposite does nothing for so long after the run's state has changed: the
operator who presses it may not have seen that yet."""


class Orders:
    """The operator's side of the console."""

    SLOW_S: ClassVar[float] = 2.0
    """Seconds after which it is said that an answer is still awaited."""

    def __init__(self, app: ConsoleApp, read: ReadModel, desk: IntentDesk) -> None:
        self._app = app
        self._read = read
        self._desk = desk
        self._followed: dict[int, tuple[Command, str]] = {}
        """Submitted and not settled: the command, and what was last said about it."""
        self._last: Command | None = None
        self._states: dict[JobName, tuple[RunState | None, float]] = {}
        """Each job's run state, and when it was first seen."""

    @cached_property
    def _asking(self) -> Asking:
        from scidex_console.console.asking import Asking  # dialogs come after the first screen

        return Asking(self._app, self._read, lambda command: self.work(self._submit(command)))

    # --- keys ---------------------------------------------------------------------------------------------

    def press(self, key: Key) -> None:
        """Carry out a key of the screen on show, or say why not."""
        situation = self._app.situation()
        reason = self._app.table.why_not(key)
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
                "in_full": self._in_full,
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
            self._asking.open(spec, situation.job)

    def _do_step(self) -> None:
        action = self._app.main_screen.subject().step_action
        assert action is not None
        spec, situation = ACTIONS[action.name], self._app.situation(action.job)
        if action.name is ActionName.START and not (resume := ACTIONS[ActionName.RESUME]).disabled_reason(
            situation
        ):
            spec = resume  # the steps before have left a run that is paused
        if reason := spec.disabled_reason(situation):
            self._app.say(f"{spec.title.lower()}: {reason}", "warn")
        elif spec.friction is Friction.KEY:
            self.work(self._submit(Command(spec.name, action.job, dict(action.params))))
        else:
            self._asking.open(spec, action.job or JobName.FOLDERS)

    def _withdraw(self) -> None:
        from scidex_console.console.screens.withdraw_dialog import WithdrawDialog

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
        from scidex_console.console.screens.help import HelpScreen

        self._app.push_screen(HelpScreen(self._app.key_views()))

    def _in_full(self) -> None:
        from scidex_console.console.screens.in_full import InFullScreen

        notice, pointed_at = self._app.notices.last, self._app.main_screen.in_full()
        knowledge = self._app.knowledge()
        self._app.push_screen(InFullScreen(lambda width: in_full_lines(knowledge, notice, pointed_at, width)))

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
                self.work(self._show_refused(command, intent.outcome))

    async def _has_changed(self, command: Command) -> bool:
        """Whether a plan is another one by now; then the new one is shown, and nothing is submitted."""
        try:
            return await self._asking.show_anew(command)
        except Refused as error:
            self._app.say(f"{CHANGED}: {explain(error)}", "bad")
            return True

    async def _show_refused(self, command: Command, why: str) -> None:
        await self._asking.show_anew(command, why)

    def work(self, work: Coroutine[Any, Any, None], group: str = "default") -> None:
        """Do it besides; of the group that opens dialogs only the newest goes on."""
        self._app.run_worker(self._guarded(work), group=group, exclusive=group == "open", exit_on_error=False)

    async def _guarded(self, work: Awaitable[None]) -> None:
        """Every failure ends as words on the activity line, and so does an answer that keeps one waiting."""
        waiting = "there is no answer yet: what you asked for is neither done nor refused"
        slow = asyncio.get_running_loop().call_later(self.SLOW_S, self._app.say, waiting, "bad")
        try:
            await work
        except StaleToken as error:
            self._app.say(f"refused, the plan has changed: {explain(error)}", "bad")
        except ConsoleError as error:
            self._app.say(f"refused: {explain(error)}", "bad")
        except Exception as error:
            # Anything else the database may raise: shown, never the end of the console.
            self._app.say(f"failed: {type(error).__name__}: {error}", "bad")
        finally:
            slow.cancel()

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
