"""From a key to a decision about files that no row claims: preview, dialog, the desk; as `deciding` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from glob import escape
from typing import TYPE_CHECKING, Any

from scidex_console.console.screens.dialog import CHANGED, Command
from scidex_console.domain.folders.orphans import Orphan
from scidex_console.domain.soak.ladder import why_not_clean
from scidex_console.domain.triage import MOST_IDS, Decision
from scidex_console.engine.ports import OrphanPreview

if TYPE_CHECKING:
    from scidex_console.console.app import ConsoleApp


class DecidingOrphans:
    """Opens the dialogs of the clean-up's decisions and puts what they end in on the desk."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app

    def open(self, decision: Decision, chosen: Callable[[], Sequence[Orphan]]) -> None:
        """Show what a decision about these files would do."""
        files = chosen()
        if len(files) > MOST_IDS:
            self._app.say(f"{len(files)} rows are marked: a decision is about {MOST_IDS} at most", "warn")
            return
        # A name may hold what a pattern would take for more than itself.
        patterns = [escape(file.path) for file in files]
        self._app.orders.work(self._preview(decision, patterns), group="open")

    async def _preview(self, decision: Decision, patterns: Sequence[str], kind: str = "") -> None:
        self._ask(patterns, await self._app.cleanup.preview(decision, patterns, kind), self._shut())

    def _shut(self) -> str:
        """Why such a decision would be refused now, told before anybody writes a reason; or empty."""
        overview = self._app.knowledge().overview
        why = why_not_clean(overview.soak) if overview is not None and overview.soak is not None else None
        return f"not yet: {why}" if why else ""

    def _ask(self, patterns: Sequence[str], found: OrphanPreview, note: str = "", reason: str = "") -> None:
        from scidex_console.console.screens.orphan_dialog import OrphanDialog

        def done(command: Command | None) -> None:
            if command is not None:
                self._app.orders.work(self._submit(found, command))

        dialog = OrphanDialog(self._app, patterns, found, note=note)
        self._app.push_screen(dialog.keeping(reason), done)

    async def _submit(self, found: OrphanPreview, command: Command) -> None:
        params = command.params
        if params["type"] != found.artifact_type:
            now = await self._again(params)
            kind = params["type"] or "each file is by its kind"
            self._ask(params["files"], now, f"as {kind}: look again", command.reason)
            return
        if await self.show_anew(command, CHANGED):
            return
        intent = await self._app.cleanup.decide(found, reason=command.reason, typed=params["typed"])
        self._app.main_screen.decided()
        self._app.orders.follow_intent(command, intent)

    async def _again(self, params: dict[str, Any]) -> OrphanPreview:
        return await self._app.cleanup.preview(Decision(params["kind"]), params["files"], params["type"])

    async def show_anew(self, command: Command, why: str) -> bool:
        """Make a plan again; if it is another one now, show that, and say so."""
        now = await self._again(command.params)
        if now.preview.token == command.params["token"]:
            return False
        self._ask(command.params["files"], now, f"{why}: this is the plan as it is now", command.reason)
        return True
