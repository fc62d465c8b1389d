"""What was decided lately: one is chosen, to be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.cells import Cell, Line
from scidex_console.console.presentation.triage import (
    DECISION_COLUMNS,
    decision_cells,
    decision_words,
    may_be_undone,
)
from scidex_console.engine.triage.views import DecisionView


class DecisionsScreen(ModalScreen[int | None]):
    """The list; ends with the number of a decision that something stands of, or None."""

    AUTO_FOCUS: ClassVar[str | None] = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Leave", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]

    def __init__(self, decisions: Sequence[DecisionView], now: datetime | None) -> None:
        super().__init__()
        self._now = now
        self._decisions = tuple(decisions)

    def compose(self) -> ComposeResult:
        """The table, and more about the decision under the cursor."""
        with Vertical(classes="dialog -list"):
            yield CellView(id="dialog-title")
            yield CellTable(lambda width: DECISION_COLUMNS, "N", empty="nothing was decided yet", id="rows")
            yield Paragraph(id="detail")
            yield Paragraph(id="problem")
            yield Paragraph("↑↓ more about one   Enter take it back   Esc leave", "dim")

    def on_mount(self) -> None:
        """Fill in."""
        title = Line((Cell(" Decisions: which one is to be taken back? ", "strong"),), "title")
        self.query_one("#dialog-title", CellView).show([title])
        self.query_one(CellTable).show_rows(
            [str(decision.id) for decision in self._decisions],
            lambda i: decision_cells(self._decisions[i], self._now),
        )
        self._point()

    def on_cell_table_row_pointed_at(self, message: CellTable.RowPointedAt) -> None:
        """Tell more about another one."""
        self._point()

    def _point(self) -> None:
        found = self._current()
        self.query_one("#detail", Paragraph).say(decision_words(found) if found else "")
        self.query_one("#problem", Paragraph).say("")

    def _current(self) -> DecisionView | None:
        key = self.query_one(CellTable).cursor_key
        return next((decision for decision in self._decisions if str(decision.id) == key), None)

    def action_choose(self) -> None:
        """Take this one, if something stands of it."""
        found = self._current()
        if found is None:
            return
        if not may_be_undone(found):
            self.query_one("#problem", Paragraph).say(
                f"it is {found.state}: nothing is to be taken back", "bad"
            )
            return
        self.dismiss(found.id)

    def action_leave(self) -> None:
        """Without a choice."""
        self.dismiss(None)
