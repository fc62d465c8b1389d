"""The filter of a listing: a field while it is written, one line while it is in force, else nothing."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from scidex_console.console.filtering import FilterError
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.panes.typing import TypedInput
from scidex_console.console.presentation.cells import Cell, Line, clean


class _FilterInput(TypedInput):
    """A field that Esc leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave", show=False)]

    def action_leave(self) -> None:
        """Tell the line."""
        self.post_message(FilterLine.Left())

    def action_delete_left_all(self) -> None:
        """All of it, also behind the place where something is wrong, at which the cursor stands by then."""
        self.clear()


class FilterLine(Vertical):
    """What is typed, and what is wrong with it."""

    class Entered(Message):
        """A filter was typed, and Enter pressed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The field was left with nothing changed."""

    def __init__(self, hint: str, *, id: str | None = None) -> None:
        """`hint` stands in the field while it is empty."""
        super().__init__(id=id)
        self.in_force = ""
        """The filter that is applied."""
        self._slash = CellView(classes="filter-slash")
        self._field = _FilterInput(placeholder=hint, compact=True, select_on_focus=False)
        self._field.cursor_blink = False
        self._row = Horizontal(self._slash, self._field, classes="filter-row")
        self._shown = CellView(classes="filter-shown")
        self._problem = Paragraph("", "bad", classes="filter-problem")

    def compose(self) -> ComposeResult:
        """Field, or filter in force; below it what is wrong."""
        yield self._row
        yield self._shown
        yield self._problem

    def on_mount(self) -> None:
        """Nothing is filtered."""
        self._slash.show([Line((Cell("/ ", "key"),))])
        self._settle()

    def edit(self) -> None:
        """Let the operator write."""
        self._field.value = self.in_force
        self._field.cursor_position = len(self.in_force)
        self._row.display, self._shown.display = True, False
        self.screen.set_focus(self._field)  # at once, for what is typed ahead

    def applied(self, text: str) -> None:
        """The filter is in force now; empty for none."""
        self.in_force = text
        self._settle()

    def refused(self, error: FilterError) -> None:
        """Say what is wrong, and put the cursor where."""
        text = self._field.value
        where = f" (column {error.at + 1}: {text[error.at : error.at + 20]})" if text[error.at :] else ""
        self._problem.say(f"{error.what}{where}", "bad")
        self._field.cursor_position = error.at

    def tell(self, problem: str) -> None:
        """Say why the filter in force cannot be answered; empty when it can."""
        if not self._row.display:
            self._problem.say(problem, "bad")

    def _settle(self) -> None:
        self._row.display = False
        self._shown.display = bool(self.in_force)
        self._shown.show(
            [Line((Cell("/ ", "key"), Cell(self.in_force, "strong"), Cell("   Esc shows all", "dim")))]
        )
        self._problem.say("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was pasted is made harmless; what was wrong may be mended by now."""
        event.stop()
        if clean(event.value) != event.value:
            event.input.value = clean(event.value)
        if self._row.display:
            self._problem.say("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand it over."""
        event.stop()
        self.post_message(self.Entered(event.value.strip()))

    def on_filter_line_left(self, message: FilterLine.Left) -> None:
        """The filter in force stays; the screen is told as well."""
        self._settle()
