"""Help: every key, what it does, why it does not just now, and the same as a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.cells import Cell, Line
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.keys import KeyView

_COLUMNS = (
    Column("key", "key", 5),
    Column("title", "action", 16, weight=1, widest=32),
    Column("state", "now", 20, weight=3, widest=140),
)


class HelpScreen(ModalScreen[None]):
    """The table of keys as it stands at this moment."""

    AUTO_FOCUS: ClassVar[str | None] = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "leave", "Leave", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]

    def __init__(self, keys: Sequence[KeyView]) -> None:
        super().__init__()
        self._keys = tuple(keys)

    def compose(self) -> ComposeResult:
        """The table, and more about the key under the cursor."""
        with Vertical(classes="dialog -list"):
            yield CellView(id="dialog-title")
            yield CellTable(lambda width: _COLUMNS, "key", empty="", id="rows")
            yield Paragraph(id="explain")
            yield Paragraph(id="twin")
            yield Paragraph("↑↓ more about a key   y copy its command   Esc back", "dim")

    def on_mount(self) -> None:
        """Fill in."""
        self.query_one("#dialog-title", CellView).show([Line((Cell(" Keys ", "strong"),), "title")])
        self.query_one(CellTable).show_rows([key.shown for key in self._keys], self._cells)
        self._point_at(0)

    def on_cell_table_row_pointed_at(self, message: CellTable.RowPointedAt) -> None:
        """Tell more about another key."""
        self._point_at(self._index())

    def action_leave(self) -> None:
        """Back to the overview."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the command line of the key under the cursor."""
        command = self._keys[self._index()].command
        if command:
            self.app.copy_to_clipboard(command)
            self.query_one("#explain", Paragraph).say("copied", "ok")

    def _index(self) -> int:
        shown = self.query_one(CellTable).cursor_key
        return next((i for i, key in enumerate(self._keys) if key.shown == shown), 0)

    def _point_at(self, index: int) -> None:
        key = self._keys[index]
        why = f"Disabled: {key.reason}. " if key.reason else ""  # the table cuts a long one off
        self.query_one("#explain", Paragraph).say(why + key.explain)
        self.query_one("#twin", Paragraph).say(f"$ {key.command}" if key.command else "")

    def _cells(self, index: int) -> Mapping[str, Cell]:
        key = self._keys[index]
        state = Cell(f"disabled: {key.reason}", "warn") if key.reason else Cell("ready", "ok")
        return {"key": Cell(key.shown, "key"), "title": Cell(key.title), "state": state}
