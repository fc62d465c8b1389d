"""What dialogs are made of: a row of choices that starts on doing nothing, and named fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets.input import Selection

from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.typing import TypedInput
from scidex_console.console.presentation.cells import Cell, Line


class Choices(CellView, can_focus=True):
    """What can be chosen; the first does nothing, and is where it starts. Arrows choose, Enter takes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "choose(-1)", "Left", show=False),
        Binding("right,l", "choose(1)", "Right", show=False),
        Binding("enter", "take", "Take", show=False),
    ]

    class Taken(Message):
        """One of the choices was taken; 0 is Cancel."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, labels: Iterable[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._labels = list(labels)
        self.chosen = 0

    def relabel(self, labels: Iterable[str]) -> None:
        """Say otherwise what can be taken; the choice goes back to the first if that is something else."""
        if self._labels == (labels := list(labels)):
            return
        self._labels = labels
        self.chosen = 0
        self._draw()

    def action_choose(self, by: int) -> None:
        """Go to the next choice."""
        self.chosen = min(max(self.chosen + by, 0), len(self._labels) - 1)
        self._draw()

    def action_take(self) -> None:
        """Take the choice."""
        self.post_message(self.Taken(self.chosen))

    def on_mount(self) -> None:
        """Draw."""
        self._draw()

    def watch_has_focus(self, value: bool) -> None:
        """Show which is chosen; once left, the choice goes back to the first and is made anew."""
        super().watch_has_focus(value)
        if not value:
            self.chosen = 0
        self._draw()

    def _draw(self) -> None:
        cells: list[Cell] = []
        for index, label in enumerate(self._labels):
            here = index == self.chosen
            tone = "title-focus" if here and self.has_focus else ("strong" if here else "")
            cells += [Cell(f"[ {label} ]" if here else f"  {label}  ", tone), Cell("  ")]
        self.show([Line(tuple(cells))])


@dataclass(frozen=True)
class Takes:
    """What goes into a field: as a pattern, and in words."""

    pattern: str
    words: str


DIGITS = Takes(r"[0-9]*", "only digits go here")
DECIMAL = Takes(r"[0-9.]*", "only digits and a point go here")


class Field(Horizontal):
    """A name and an input on one line."""

    def __init__(
        self, name: str, field_id: str, *, value: str = "", placeholder: str = "", takes: Takes | None = None
    ) -> None:
        super().__init__(classes="field")
        self._label = name
        self._input = TypedInput(
            value=value,
            placeholder=placeholder,
            id=field_id,
            compact=True,
            restrict=takes.pattern if takes else None,
            takes=takes.words if takes else "",
            select_on_focus=False,
        )
        self._input.cursor_blink = False

    def on_mount(self) -> None:
        """What stands there already is selected, so that typing takes its place.

        Not on focus: what was typed ahead may come before it.
        """
        self._input.selection = Selection(0, len(self._input.value))

    def compose(self) -> ComposeResult:
        """The name, then the input."""
        label = CellView(classes="field-name")
        label.show([Line((Cell(self._label),))])
        yield label
        yield self._input
