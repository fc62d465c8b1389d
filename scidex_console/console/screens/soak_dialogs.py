"""The soak's dialogs: begin a phase, confirm a step, sign a check off, override a gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from textual import events
from textual.widget import Widget
from textual.widgets import Input

from scidex_console.console.panes.page import Page
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.soak import check_words, over_lines, step_words
from scidex_console.console.screens.dialog import Dialog, Surroundings
from scidex_console.console.screens.dialog_parts import Field, Takes
from scidex_console.domain.durations import format_duration
from scidex_console.domain.intents import ActionName
from scidex_console.domain.soak.ladder import (
    CheckView,
    Ladder,
    StepView,
    offered_phase,
    override_token,
    passed_over,
    why_not_begin,
    why_not_confirm,
    why_not_sign,
)
from scidex_console.domain.soak.phases import PHASES
from scidex_console.engine.actions import ActionSpec

_PHASE = Takes(r"[0-5]?", "one digit from 0 to 5 goes here")


class SoakDialog(Dialog):
    """Base: a plan made from the ladder as it is when the dialog opens."""

    def __init__(self, around: Surroundings, spec: ActionSpec, ladder: Ladder, *, note: str = "") -> None:
        super().__init__(around, spec, None, note=note)
        self.ladder = ladder

    def now(self) -> Ladder:
        """The ladder as it was read last."""
        overview = self._around.knowledge().overview
        return (overview.soak if overview else None) or self.ladder


class BeginDialog(SoakDialog):
    """Which phase, and why. The next one is offered where its gate lets it, else the one under way."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Begin the phase")

    def body(self) -> Iterable[Widget]:
        """What beginning it means."""
        yield Paragraph("", id="meaning")

    def fields(self) -> Iterable[Widget]:
        """The phase."""
        yield Field("phase", "phase", value=str(offered_phase(self.ladder)), takes=_PHASE)

    def first_field(self) -> Widget:
        """The phase is there already: the reason is not."""
        return self.query_one("#reason", Input)

    def on_mount(self) -> None:
        """Say what it means."""
        self._tell()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another phase means something else."""
        self._tell()

    def _tell(self) -> None:
        text = self.query_one("#phase", Input).value
        words, tone = "", ""
        if text:
            phase = PHASES[int(text)]
            words = f"Phase {phase.number}, {phase.name}: {phase.what} Its clock begins at nothing."
            if why := why_not_begin(self.now(), phase.number):
                words, tone = f"{why}", "warn"
        self.query_one("#meaning", Paragraph).say(words, tone)

    def params(self) -> dict[str, Any]:
        """`phase`, if it may be begun now."""
        text = self.query_one("#phase", Input).value
        if not text:
            raise ValueError("a phase is a number from 0 to 5")
        if why := why_not_begin(self.now(), int(text)):
            raise ValueError(why)
        return {"phase": int(text)}

    def params_so_far(self) -> dict[str, Any]:
        """The phase as it is written."""
        text = self.query_one("#phase", Input).value
        return {"phase": int(text)} if text else {}


class ConfirmStepDialog(SoakDialog):
    """What the step asks for; the reason says what was seen."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Confirm the step")

    def __init__(
        self, around: Surroundings, spec: ActionSpec, ladder: Ladder, step: StepView, *, note: str = ""
    ) -> None:
        super().__init__(around, spec, ladder, note=note)
        self._step = step

    def title_words(self) -> str:
        """Which step."""
        return f"Confirm {self._step.step.id}"

    def body(self) -> Iterable[Widget]:
        """What was to be done and seen."""
        yield Paragraph(step_words(self._step))

    def params(self) -> dict[str, Any]:
        """`step`, if it is due and nobody was quicker."""
        if why := why_not_confirm(self.now(), self._step.step.id):
            raise ValueError(why)
        return self.params_so_far()

    def params_so_far(self) -> dict[str, Any]:
        """The step."""
        return {"step": self._step.step.id}


class SignDialog(SoakDialog):
    """The evidence as it stands; the token names exactly that."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Sign it off")

    def __init__(
        self, around: Surroundings, spec: ActionSpec, ladder: Ladder, check: CheckView, *, note: str = ""
    ) -> None:
        super().__init__(around, spec, ladder, note=note)
        self._check = check

    def title_words(self) -> str:
        """Which check."""
        return f"Sign off {self._check.check.id}"

    def body(self) -> Iterable[Widget]:
        """What must hold, and what was seen."""
        yield Paragraph(check_words(self._check))

    def params(self) -> dict[str, Any]:
        """`check` and `token`, if a sign-off can be about it."""
        if why := why_not_sign(self.now(), self._check.check.id):
            raise ValueError(why)
        return self.params_so_far()

    def params_so_far(self) -> dict[str, Any]:
        """The check, and the evidence shown."""
        evidence = self._check.evidence
        token = {"token": evidence.fingerprint} if evidence else {}
        return {"check": self._check.check.id, **token}


class OverrideDialog(SoakDialog):
    """Everything that stands in the way; confirmed by typing the name of the phase."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Let the phase in")
    LIST: ClassVar[bool] = True

    def __init__(
        self, around: Surroundings, spec: ActionSpec, ladder: Ladder, phase: int, *, note: str = ""
    ) -> None:
        super().__init__(around, spec, ladder, note=note)
        self._phase = PHASES[phase]

    def title_words(self) -> str:
        """Which phase."""
        return f"Let phase {self._phase.number} in although its gate is shut"

    def body(self) -> Iterable[Widget]:
        """What is passed over."""
        yield Page(id="passed-over")

    def fields(self) -> Iterable[Widget]:
        """The name, typed."""
        yield Field("phase", "typed", placeholder=f"type {self._phase.name} to confirm")

    def first_field(self) -> Widget:
        """The name."""
        return self.query_one("#typed", Input)

    def on_resize(self, event: events.Resize) -> None:
        """Fit what is passed over to the width."""
        self.call_after_refresh(self._draw_over)

    def _draw_over(self) -> None:
        page = self.query_one("#passed-over", Page)
        lines = over_lines(self.ladder, self._phase.number, page.size.width)
        page.fill(f"passed over {len(passed_over(self.ladder, self._phase.number))}", lines)

    def params(self) -> dict[str, Any]:
        """`phase` and `token`, once the name has been typed."""
        if self.query_one("#typed", Input).value.strip() != self._phase.name:
            raise ValueError(f"type the phase's name, {self._phase.name}, to confirm")
        return self.params_so_far()

    def params_so_far(self) -> dict[str, Any]:
        """The plan as it is shown."""
        return {"phase": self._phase.number, "token": override_token(self.ladder, self._phase.number)}


def soak_dialog(
    around: Surroundings, spec: ActionSpec, ladder: Ladder, check_id: str, *, note: str = ""
) -> Dialog | str:
    """The dialog of an action of the soak, or why there is none. `check_id` is the check under the cursor."""
    make: Mapping[ActionName, Callable[[], Dialog | str]] = {
        ActionName.SOAK_BEGIN: lambda: BeginDialog(around, spec, ladder, note=note),
        ActionName.SOAK_CONFIRM: lambda: _confirm(around, spec, ladder, note),
        ActionName.SOAK_SIGN: lambda: _sign(around, spec, ladder, check_id, note),
        ActionName.SOAK_OVERRIDE: lambda: _override(around, spec, ladder, note),
    }
    return make[spec.name]()


def plan_token_now(ladder: Ladder, params: Mapping[str, Any]) -> str:
    """The token that a plan with these parameters has now."""
    if "phase" in params:
        return override_token(ladder, params["phase"])
    found = (view.evidence for view in ladder.checks if view.check.id == params.get("check"))
    return next((evidence.fingerprint for evidence in found if evidence), "")


def _confirm(around: Surroundings, spec: ActionSpec, ladder: Ladder, note: str) -> Dialog | str:
    step = ladder.next_step
    if step is None:
        return "every step of this phase is confirmed"
    if not step.due:
        return f"the next step is due in {format_duration(step.in_s)} of the clock"
    return ConfirmStepDialog(around, spec, ladder, step, note=note)


def _sign(around: Surroundings, spec: ActionSpec, ladder: Ladder, check_id: str, note: str) -> Dialog | str:
    if why := why_not_sign(ladder, check_id):
        return why
    [check] = [view for view in ladder.checks if view.check.id == check_id]
    return SignDialog(around, spec, ladder, check, note=note)


def _override(around: Surroundings, spec: ActionSpec, ladder: Ladder, note: str) -> Dialog | str:
    following = ladder.next_phase
    if following is None or why_not_begin(ladder, following) is None:
        return "the next phase may begin: there is nothing to override"
    return OverrideDialog(around, spec, ladder, following, note=note)
