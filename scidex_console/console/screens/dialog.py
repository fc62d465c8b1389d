"""What all dialogs share: they start on Cancel, show their command line, and never act on old data.

The key that opened a dialog never confirms it: that takes another step, to the button, and Enter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.panes.typing import TypedInput
from scidex_console.console.presentation.cells import Cell, Line, clean
from scidex_console.console.presentation.status import Knowledge, place_cells
from scidex_console.console.presentation.words import as_typed
from scidex_console.console.screens.dialog_parts import Choices, Field
from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.engine.actions import ActionSpec, Situation
from scidex_console.engine.ports import AttemptFilter

CHANGED = "the state changed and nothing was done"
"""What is said first where a plan that was confirmed is another one by now."""


class Surroundings(Protocol):
    """What a dialog may ask the console."""

    def knowledge(self) -> Knowledge:
        """What is known, and how old it is."""
        ...

    def situation(self, job: JobName | None = None) -> Situation:
        """What actions are judged by just now."""
        ...


@dataclass(frozen=True)
class Command:
    """What an operator decided: ready for the intent desk."""

    action: ActionName
    job: JobName | None
    params: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    criteria: AttemptFilter | None = None
    """What a list was filtered by, to show it anew."""
    rows: int | None = None
    """How many rows the plan had that was confirmed; None where it is no list of rows."""


class Dialog(ModalScreen[Command | None]):
    """Base of the dialogs that end in an intent. Subclasses give the body, the fields and the command."""

    AUTO_FOCUS: ClassVar[str | None] = ""
    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Do it")
    """The first does nothing; each other confirms."""
    LIST: ClassVar[bool] = False
    """Whether the body is a list that takes all the room below the status lines."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("enter", "app.focus_next", "Next", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("ctrl+y", "copy", "Copy", show=False, priority=True),
        # First of all, so that what was typed ahead on a slow link lands in the field it was meant for.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
        Binding("enter", "next_field", show=False, priority=True),
    ]

    def __init__(
        self, around: Surroundings, spec: ActionSpec, job: JobName | None, *, note: str = ""
    ) -> None:
        super().__init__()
        self._around = around
        self.spec = spec
        self.job = job if spec.job_scoped else None
        self._note = note
        self._reason_before = ""

    # --- what a dialog gives ------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """What the operator must see before deciding."""
        return ()

    def fields(self) -> Iterable[Widget]:
        """What the operator must fill in, besides the reason."""
        return ()

    def params(self) -> dict[str, Any]:
        """The intent's parameters from the fields. Raises ValueError, in words, when a field is wrong."""
        return {}

    def choices(self) -> tuple[str, ...]:
        """What can be chosen."""
        return self.CHOICES

    def needs_reason(self) -> bool:
        """Whether a reason is required."""
        return self.spec.asks_reason

    def explained(self) -> str:
        """One sentence: what the action does, and what takes it back."""
        return self.spec.explain

    def first_field(self) -> Widget:
        """Where the operator begins: a field to fill in, or the choices when none must be."""
        return self.query(Input).first() if self.needs_reason() else self.query_one(Choices)

    def keeping(self, reason: str) -> Self:
        """Shown anew, what was given as the reason before need not be typed again."""
        self._reason_before = reason
        return self

    # --- what all share -----------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Title, body, fields, problem, command line, choices."""
        with Vertical(classes="dialog -list" if self.LIST else "dialog"):
            yield CellView(id="dialog-title")
            yield Paragraph(self.explained(), "dim", id="explain")
            yield from self.body()
            yield from self.fields()
            yield Field(
                "reason",
                "reason",
                value=self._reason_before,
                placeholder="required" if self.needs_reason() else "optional",
            )
            yield Paragraph(id="problem")
            yield Paragraph(id="twin")
            with Vertical(id="foot"):
                yield Choices(self.choices(), id="choices")
                yield CellView(id="dialog-keys")

    def on_mount(self) -> None:
        """Put the words in, and the cursor where the operator begins."""
        known = self._around.knowledge()
        engine = known.overview.engine if known.overview else None
        title = f" {self.title_words()} "
        place = () if self.LIST else place_cells(engine, production=known.production)
        self.query_one("#dialog-title", CellView).show(
            [Line((Cell(title, "strong"), Cell(" "), *place), "title" if self.LIST else "")]
        )
        keys = "Tab next   ←→ choose   Enter take   Esc leave   ^Y copy"
        self.query_one("#dialog-keys", CellView).show([Line((Cell(keys, "dim"),))])
        self.problem(self._note)
        self.show_twin()
        self.set_focus(self.first_field())

    def title_words(self) -> str:
        """The dialog's title."""
        return f"{self.spec.title}: {self.job}" if self.job else self.spec.title

    def problem(self, text: str, tone: str = "bad") -> None:
        """Say what keeps the dialog from being confirmed, or why it is shown again."""
        self.query_one("#problem", Paragraph).say(as_typed(text, self._program), tone)
        if self.focused:
            self.call_after_refresh(self.focused.scroll_visible, animate=False)  # what is said takes room

    def show_twin(self) -> None:
        """Show the command line that does the same."""
        self.query_one("#twin", Paragraph).say(f"$ {self.twin()}")

    def twin(self) -> str:
        """The command line that does the same, as far as the fields are filled in."""
        try:
            params = self.params()
        except ValueError:
            params = self.params_so_far()
        return self.spec.command(self.job, params, self.reason(), program=self._program)

    @property
    def _program(self) -> str:
        return self._around.knowledge().program

    def params_so_far(self) -> dict[str, Any]:
        """Parameters for the command line while the fields are not all right yet."""
        return {}

    def reason(self) -> str:
        """What was given as the reason."""
        return self.query_one("#reason", Input).value.strip()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep the command line true, and what was pasted harmless."""
        if clean(event.value) != event.value:
            event.input.value = clean(event.value)
        self.problem(self._note)  # what was wrong may be mended by now: the next try tells
        self.show_twin()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where room is short, a row is told in full only while the operator is in the list."""
        self.set_class(not isinstance(event.widget, CellTable), "-filling")

    def on_typed_input_kept_out(self, message: TypedInput.KeptOut) -> None:
        """What was typed did not go in: say why."""
        self.problem(message.takes)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter means the next field only inside a field."""
        return isinstance(self.focused, Input) if action == "next_field" else True

    def action_next_field(self) -> None:
        """Enter goes on to the next field, and last to the choices, which are on Cancel."""
        self.focus_next()

    def on_choices_taken(self, message: Choices.Taken) -> None:
        """Cancel, or confirm when all is right."""
        if message.index == 0:
            self.dismiss(None)
            return
        self.confirm(message.index)

    def confirm(self, index: int) -> None:
        """Check once more, then hand the command over."""
        blocked = self.spec.disabled_reason(self._around.situation(self.job))
        if blocked:
            self.problem(blocked)
            return
        try:
            params = self.params()
        except ValueError as error:
            self.problem(str(error))
            return
        if self.needs_reason() and not self.reason():
            self.problem("a reason is required: it stands in the audit")
            self.query_one("#reason", Input).focus()
            return
        self.dismiss(
            Command(self.spec.name, self.job, params, self.reason(), self.listed_by(), self.planned_rows())
        )

    def listed_by(self) -> AttemptFilter | None:
        """What the list was filtered by; None where there is none."""
        return None

    def planned_rows(self) -> int | None:
        """How many rows the plan changes; None where it is no list of rows."""
        return None

    def action_cancel(self) -> None:
        """Leave without doing anything."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the command line (OSC 52); it stands in the dialog as text as well."""
        self.app.copy_to_clipboard(self.twin())
        self.problem("copied", "ok")
