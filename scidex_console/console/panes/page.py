"""A page of lines that scrolls, for all about one thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.presentation.cells import Cell, Line, fit


class Page(CellView, can_focus=True):
    """Lines under a title that stays; arrows and page keys scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_by(-1)", "Up", show=False),
        Binding("down,j", "scroll_by(1)", "Down", show=False),
        Binding("pageup", "scroll_page(-1)", "Page up", show=False),
        Binding("pagedown", "scroll_page(1)", "Page down", show=False),
        Binding("home", "scroll_by(-1000000)", "First", show=False),
        Binding("end", "scroll_by(1000000)", "Last", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = ""
        self._all: tuple[Line, ...] = ()
        self._top = 0

    def fill(self, title: str, lines: Sequence[Line]) -> None:
        """Show this; it stays scrolled as far as it was."""
        self._title, self._all = title, tuple(lines)
        self._draw()

    def action_scroll_by(self, by: int) -> None:
        """Scroll by so many lines, as far as there are any."""
        self._top += by
        self._draw()

    def action_scroll_page(self, by: int) -> None:
        """Scroll by a screenful."""
        self.action_scroll_by(by * max(self.size.height - 2, 1))

    def on_resize(self, event: events.Resize) -> None:
        """More or fewer lines fit."""
        self._draw()

    def watch_has_focus(self, value: bool) -> None:
        """Show whether the keys scroll it."""
        super().watch_has_focus(value)
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        if width <= 0 or height <= 0:
            return
        room = max(height - 1, 0)
        self._top = min(max(self._top, 0), max(len(self._all) - room, 0))
        below = len(self._all) - self._top - room
        note = f"↓ {below} more" if below > 0 else ("↑ end" if self._top else "")
        title = fit(self._title, max(width - len(note) - 1, 1))
        tone = "title-focus" if self.has_focus else "title"
        self.show([Line((Cell(f"{title} {note}"),), tone), *self._all[self._top : self._top + room]])
