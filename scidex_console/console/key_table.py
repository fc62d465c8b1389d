"""The keys of the screen on show as they stand now: what each means, why it does nothing, its command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scidex_console.console.keys import DO_STEP, EVERYWHERE, WITHDRAW, Key, open_intent
from scidex_console.console.presentation.keys import KeyView
from scidex_console.console.presentation.words import as_typed
from scidex_console.console.screens.main_screen import MainScreen, Subject
from scidex_console.console.screens.table import SCREEN_KEYS, SCREENS
from scidex_console.domain.intents import ActionName
from scidex_console.domain.soak.ladder import offered_phase
from scidex_console.engine.actions import ACTIONS, ActionSpec, Situation, retry_params

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
            self._command_line(key, screen, situation, subject),
            key.always,
            key.footer,
            key.name,
            key.palette,
        )

    def _command_line(self, key: Key, screen: MainScreen, situation: Situation, subject: Subject) -> str:
        """What does the same without the console; empty of what only a screen can do."""
        program, step = self._app.program, subject.step_action
        if spec := key.spec(situation):
            return command_line(spec, situation, subject, program)
        if key is DO_STEP and step is not None:
            return ACTIONS[step.name].command(step.job, step.params, program=program)
        if key is WITHDRAW:
            intent = open_intent(situation, subject.intent_id)
            return f"{program} withdraw {intent.id if intent else 'N'}"
        twin = screen.twin_of(key)
        return f"{program} {twin}" if twin else ""


def command_line(spec: ActionSpec, situation: Situation, subject: Subject, program: str) -> str:
    """The action as a command line, as far as it is known before anything is asked."""
    job = situation.job if spec.job_scoped else None
    return spec.command(job, _known(spec.name, situation, subject), program=program)


def _known(name: ActionName, situation: Situation, subject: Subject) -> dict[str, Any]:
    """Parameters that the screen points at, or that the soak offers."""
    if name is ActionName.RETRY and subject.criteria:
        return retry_params(subject.criteria)
    batches = situation.overview.reversible if situation.overview else ()
    newest = next((found for found in batches if found.job == situation.job), None)
    soak = situation.overview.soak if situation.overview else None
    step = soak.next_step if soak else None
    known: dict[ActionName, dict[str, Any]] = {
        ActionName.THROTTLE: {"group": subject.group},
        ActionName.READERS_SET: {"reader": subject.reader},
        ActionName.ROLLBACK: {"batch": subject.batch_id},
        ActionName.REDO: {"batch": subject.batch_id or (newest.taken_back if newest else None) or "ID"},
        ActionName.SOAK_BEGIN: {"phase": offered_phase(soak) if soak else None},
        ActionName.SOAK_OVERRIDE: {"phase": soak.next_phase if soak else None},
        ActionName.SOAK_CONFIRM: {"step": step.step.id if step else ""},
        ActionName.SOAK_SIGN: {"check": subject.check},
    }
    return {key: value for key, value in known.get(name, {}).items() if value not in (None, "")}
