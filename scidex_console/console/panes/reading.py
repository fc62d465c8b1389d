"""Lines to be read: wrapped to the width there is, and scrolled by whole rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding, BindingType

from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.presentation.cells import Cell, Line, fit


class ReadingPane(CellView, can_focus=True):
    """Shows lines of any length; what is beyond its height is scrolled to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_by(-1)", "Up", show=False),
        Binding("down,j", "scroll_by(1)", "Down", show=False),
        Binding("pageup", "scroll_page(-1)", "Page up", show=False),
        Binding("pagedown", "scroll_page(1)", "Page down", show=False),
        Binding("home", "scroll_by(-1000000)", "First", show=False),
        Binding("end", "scroll_by(1000000)", "Last", show=False),
    ]

    def __init__(self, title: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._whole: tuple[Line, ...] = ()
        self._top = 0

    def read(self, lines: Sequence[Line], title: str = "") -> None:
        """Show these lines; the place scrolled to stays, where it is still there."""
        self._title = title or self._title
        self._whole = tuple(lines)
        self._draw()

    def action_scroll_by(self, rows: int) -> None:
        """Scroll by so many rows, as far as there are any."""
        self._top += rows
        self._draw()

    def action_scroll_page(self, pages: int) -> None:
        """Scroll by a screenful."""
        self.action_scroll_by(pages * max(self.size.height - 2, 1))

    def on_resize(self, event: events.Resize) -> None:
        """Wrap anew."""
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        if width <= 0 or height <= 1:
            return
        rows = [row for line in self._whole for row in wrapped(line, width)]
        self._top = max(0, min(self._top, len(rows) - (height - 1)))
        shown = rows[self._top : self._top + height - 1]
        below = len(rows) - self._top - len(shown)
        more = f"  ↑ {self._top} above" if self._top else ""
        more += f"  ↓ {below} below" if below else ""
        title = fit(self._title, max(width - len(more), 0)) if more else fit(self._title, width)
        self.show([Line((Cell(title + more),), "title"), *shown])


def wrapped(line: Line, width: int) -> list[Line]:
    """A line in rows of at most `width` columns; what goes on is set in by two."""
    rows: list[Line] = []
    row: list[Cell] = []
    room = width
    for cell in line.cells:
        text = cell.text
        while cell_len(text) > room:
            head = set_cell_size(text, room).rstrip(" ") if room > 0 else ""
            head = text[: len(head)]
            rows.append(Line((*row, Cell(head, cell.tone)), line.tone))
            text = text[len(head) :]
            row, room = [Cell("  ")], max(width - 2, 2)
        row.append(Cell(text, cell.tone))
        room -= cell_len(text)
    return [*rows, Line(tuple(row), line.tone)]
