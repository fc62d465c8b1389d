"""The keys of the screen on show as they stand now: what each means, why it does nothing, its command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scidex_console.console.keys import EVERYWHERE, Key
from scidex_console.console.presentation.keys import KeyView
from scidex_console.console.presentation.words import as_typed
from scidex_console.console.screens.main_screen import MainScreen, Subject
from scidex_console.console.screens.table import SCREEN_KEYS, SCREENS
from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.engine.actions import ActionSpec, Situation, retry_params

if TYPE_CHECKING:
    from scidex_console.console.app import ConsoleApp


class KeyTable:
    """What footer, help and palette are made from."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app

    @property
    def keys(self) -> tuple[Key, ...]:
        """The screen's own, then those that are the same on all."""
        return (*self._app.main_screen.KEYS, *SCREEN_KEYS, *EVERYWHERE)

    def why_not(self, key: Key) -> str | None:
        """Why a key does nothing just now; None when it does."""
        return key.disabled_reason(self._app.situation()) or self._app.main_screen.why_not(key)

    def views(self) -> Sequence[KeyView]:
        """The keys as they stand now."""
        screen, situation = self._app.main_screen, self._app.situation()
        subject = screen.subject()
        return [self._view(key, screen, situation, subject) for key in self.keys]

    def screens_view(self) -> KeyView:
        """The keys that go to other screens, as one."""
        shown = f"{SCREENS[0].key}-{SCREENS[-1].key}"
        return KeyView(shown, "screens", "Screens", "", "", always=True)

    def _view(self, key: Key, screen: MainScreen, situation: Situation, subject: Subject) -> KeyView:
        app = self._app
        spec = key.spec(situation)
        why_not = key.disabled_reason(situation) or screen.why_not(key)
        return KeyView(
            app.manners.shown(key),
            key.label_now(situation),
            spec.title if spec else key.label.capitalize(),
            spec.explain if spec else key.explain_now(app.engine_stays),
            as_typed(why_not or "", app.program),
            command_line(spec, situation.job, subject, app.program) if spec else "",
            key.always,
            key.footer,
            key.name,
            key.palette,
        )


def command_line(spec: ActionSpec, job: JobName, subject: Subject, program: str) -> str:
    """The action as a command line, as far as it is known before anything is asked."""
    if spec.name is ActionName.THROTTLE:
        return spec.command(None, {"group": subject.group or "GROUP"}, program=program)
    params: dict[str, Any] = {}
    if spec.name is ActionName.RETRY and subject.criteria:
        params = retry_params(subject.criteria)
    elif spec.name is ActionName.READERS_SET and subject.reader:
        params = {"reader": subject.reader}
    elif spec.name in (ActionName.ROLLBACK, ActionName.REDO) and subject.batch_id is not None:
        params = {"batch": subject.batch_id}
    return spec.command(job if spec.job_scoped else None, params, program=program)
