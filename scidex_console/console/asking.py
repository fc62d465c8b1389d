"""From an action to its dialog, with the plan in it, and to that plan anew once it has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from scidex_console.console.screens.batch_dialog import BatchDialog
from scidex_console.console.screens.cancel_dialog import CancelDialog
from scidex_console.console.screens.dialog import CHANGED, Command, Dialog
from scidex_console.console.screens.retry_dialog import RetryDialog
from scidex_console.console.screens.share_dialog import ShareDialog
from scidex_console.console.screens.soak_dialogs import plan_token_now, soak_dialog
from scidex_console.console.screens.step_dialog import StepDialog
from scidex_console.console.screens.throttle_dialog import ThrottleDialog
from scidex_console.domain.batches import STANDING, TAKEN_BACK
from scidex_console.domain.intents import OF_THE_SOAK, ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.ladder import Ladder
from scidex_console.engine.actions import ACTIONS, ActionSpec
from scidex_console.engine.batch_views import BatchView
from scidex_console.engine.ports import AttemptFilter, ReadModel
from scidex_console.engine.vocabulary import counted

if TYPE_CHECKING:
    from scidex_console.console.app import ConsoleApp

_BATCHES_SEARCHED = 50
"""How many of a job's newest batches are looked through for one to take back."""
_READ_MINUTES = 60
"""Of reads, by which a change of a share is told."""


class Asking:
    """Opens the dialogs of actions; what they end in is handed on."""

    def __init__(self, app: ConsoleApp, read: ReadModel, decided: Callable[[Command], None]) -> None:
        """`decided` is given what an operator has confirmed."""
        self._app = app
        self._read = read
        self._decided = decided

    def open(self, spec: ActionSpec, job: JobName) -> None:
        """Show the dialog of an action, about what the screen points at."""
        subject = self._app.main_screen.subject()
        if spec.name in (ActionName.ROLLBACK, ActionName.REDO):
            self._app.orders.work(self._open_batch(spec, job), group="open")
        elif spec.name is ActionName.READERS_SET:
            self._app.orders.work(self._open_share(spec, subject.reader), group="open")
        elif spec.name in OF_THE_SOAK:
            overview = self._app.knowledge().overview
            if overview is not None and overview.soak is not None:
                self._open_soak(spec, overview.soak, subject.check)
        else:
            dialogs: dict[ActionName, Callable[[], Dialog]] = {
                ActionName.STEP: lambda: StepDialog(self._app, spec, job),
                ActionName.CANCEL: lambda: CancelDialog(self._app, spec, job),
                ActionName.RETRY: lambda: RetryDialog(
                    self._app, spec, job, self._read, criteria=subject.criteria
                ),
                ActionName.THROTTLE: lambda: ThrottleDialog(self._app, spec, job, subject.group),
            }
            self._show(dialogs[spec.name]())

    async def show_anew(self, command: Command, why: str = "") -> bool:
        """Make a plan again; if it is another one now, the world has changed: show it and say so.

        Whether it was. `why` is what refused the plan that was confirmed.
        """
        changed = f"{CHANGED}{why and f' ({why})'}"
        if command.action is ActionName.TRIAGE:
            return await self._app.decisions.show_anew(command, changed)
        note = f"{changed}: this is the plan as it is now"
        if command.action in OF_THE_SOAK:
            return await self._show_soak_anew(command, note)
        if command.action is ActionName.READERS_SET:
            return await self._show_share_anew(command, note)
        if command.action is ActionName.RETRY:
            return await self._show_retry_anew(command, note)
        return await self._show_batch_anew(command, note)

    async def _open_batch(self, spec: ActionSpec, job: JobName) -> None:
        redo = spec.name is ActionName.REDO
        chosen = self._app.main_screen.subject().batch_id
        if chosen is None:
            states = TAKEN_BACK if redo else STANDING
            batches = await self._read.batches(job, limit=_BATCHES_SEARCHED)
            batch: BatchView | None = next((b for b in batches if b.state in states), None)
            if batch is None:
                self._app.say(f"{job} has no {'rolled-back' if redo else 'finished'} batch", "warn")
                return
            chosen = batch.id
        preview = await self._read.rollback_preview(chosen, redo=redo)
        self._show(BatchDialog(self._app, spec, job, preview))

    def _open_soak(
        self, spec: ActionSpec, ladder: Ladder, check: str, note: str = "", reason: str = ""
    ) -> None:
        dialog = soak_dialog(self._app, spec, ladder, check, note=note)
        if isinstance(dialog, str):
            self._app.say(f"{spec.title.lower()}: {dialog}", "warn")
        else:
            self._show(dialog.keeping(reason))

    async def _show_soak_anew(self, command: Command, note: str) -> bool:
        ladder = await self._read.soak()
        if plan_token_now(ladder, command.params) == command.params["token"]:
            return False
        check = str(command.params.get("check", ""))
        self._open_soak(ACTIONS[command.action], ladder, check, note, command.reason)
        return True

    async def _open_share(self, spec: ActionSpec, reader: str) -> None:
        taken = await self._read.readers(minutes=_READ_MINUTES)
        self._show(ShareDialog(self._app, spec, taken, reader))

    async def _show_share_anew(self, command: Command, note: str) -> bool:
        reader = str(command.params["reader"])
        taken = await self._read.readers(minutes=_READ_MINUTES)
        if taken.token(reader) == command.params["token"]:
            return False
        dialog = ShareDialog(self._app, ACTIONS[command.action], taken, reader, note=note)
        self._show(dialog.keeping(command.reason))
        return True

    async def _show_retry_anew(self, command: Command, note: str) -> bool:
        assert command.job is not None
        criteria = command.criteria or AttemptFilter()
        preview = await self._read.retry_preview(command.job, criteria)
        if preview.token == command.params["token"]:
            return False
        note = _with_rows(note, command, len(preview.items))
        spec = ACTIONS[command.action]
        dialog = RetryDialog(self._app, spec, command.job, self._read, note=note, criteria=criteria)
        self._show(dialog.keeping(command.reason))
        return True

    async def _show_batch_anew(self, command: Command, note: str) -> bool:
        assert command.job is not None
        redo = command.action is ActionName.REDO
        preview = await self._read.rollback_preview(command.params["batch"], redo=redo)
        if preview.token == command.params["token"]:
            return False
        note = _with_rows(note, command, len(preview.operations))
        dialog = BatchDialog(self._app, ACTIONS[command.action], command.job, preview, note=note)
        self._show(dialog.keeping(command.reason))
        return True

    def _show(self, dialog: Dialog) -> None:
        def done(command: Command | None) -> None:
            if command is not None:
                self._decided(command)

        self._app.push_screen(dialog, done)


def _with_rows(note: str, command: Command, now: int) -> str:
    """The note, with how many rows the plan had when it was confirmed, and has now."""
    if command.rows is None:
        return note
    if command.rows == now:
        return f"{note} ({counted(now, 'row')} as before, but not as they were)"
    return f"{note} ({counted(command.rows, 'row')} before, {now:,} now)"
