"""From a key of triage to a decision: preview, dialog, the desk; a plan that is stale is shown anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scidex_console.console.screens.dialog import CHANGED, Command
from scidex_console.domain.intents import Intent
from scidex_console.domain.triage import MOST_IDS, Decision
from scidex_console.engine.triage.views import CaseView, DecisionPreview

if TYPE_CHECKING:
    from scidex_console.console.app import ConsoleApp


class Deciding:
    """Opens the dialogs of triage and puts what they end in on the desk."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app

    def open(self, decision: Decision, chosen: Callable[[], Sequence[CaseView]]) -> None:
        """Show what a decision about these cases would do."""
        cases = chosen()
        jobs = {case.job for case in cases}
        if len(jobs) != 1:
            self._app.say("the marked rows are of two jobs: a decision is about one", "warn")
        elif len(cases) > MOST_IDS:
            self._app.say(f"{len(cases)} rows are marked: a decision is about {MOST_IDS} at most", "warn")
        else:
            self._app.orders.work(self._preview(decision, cases), group="open")

    async def _preview(self, decision: Decision, cases: Sequence[CaseView]) -> None:
        ids = [case.artifact_id for case in cases]
        self._ask(await self._app.triage.preview(decision, ids, cases[0].job))

    def choose(self) -> None:
        """Show what was decided lately, to take one back."""
        self._app.orders.work(self._list(), group="open")

    async def _list(self) -> None:
        from scidex_console.console.screens.decisions import DecisionsScreen

        def done(number: int | None) -> None:
            if number is not None:
                self._app.orders.work(self._preview_undo(number), group="open")

        self._app.push_screen(
            DecisionsScreen(await self._app.triage.recent(), self._app.knowledge().now), done
        )

    async def _preview_undo(self, number: int) -> None:
        self._ask(await self._app.triage.preview_undo(number))

    def _ask(self, preview: DecisionPreview, note: str = "", reason: str = "") -> None:
        from scidex_console.console.screens.decision_dialog import DecisionDialog

        def done(command: Command | None) -> None:
            if command is not None:
                self._app.orders.work(self._submit(preview, command))

        dialog = DecisionDialog(self._app, preview, note=note)
        self._app.push_screen(dialog.keeping(reason), done)

    async def _submit(self, preview: DecisionPreview, command: Command) -> None:
        if await self.show_anew(command, CHANGED):
            return
        intent: Intent = await self._app.triage.decide(preview, reason=command.reason)
        self._app.main_screen.decided()
        self._app.orders.follow_intent(command, intent)

    async def show_anew(self, command: Command, why: str) -> bool:
        """Make a plan again; if it is another one now, show that, and say so."""
        params = command.params
        if "files" in params:
            return await self._app.orphans.show_anew(command, why)
        if params.get("undoes"):
            now = await self._app.triage.preview_undo(params["undoes"])
        else:
            now = await self._app.triage.preview(
                Decision(params["kind"]), params["artifact_ids"], command.job
            )
        if now.token == params["token"]:
            return False
        self._ask(now, f"{why}: this is the plan as it is now", command.reason)
        return True
