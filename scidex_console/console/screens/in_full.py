"""What the lines around every screen had to cut, whole, on a page that scrolls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from scidex_console.console.panes.page import Page
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.cells import Line


class InFullScreen(ModalScreen[None]):
    """Says it as it was when it was opened: text that moves cannot be read."""

    AUTO_FOCUS: ClassVar[str | None] = "#page"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,x,enter", "leave", "Leave", show=False)]

    def __init__(self, lines: Callable[[int], Sequence[Line]]) -> None:
        """`lines` gives the text for a width."""
        super().__init__()
        self._lines = lines
        self._page = Page(id="page")

    def compose(self) -> ComposeResult:
        """The page, and how to leave it."""
        with Vertical(classes="dialog -list"):
            yield self._page
            yield Paragraph("↑↓ scroll   Esc back", "dim")

    def on_resize(self, event: events.Resize) -> None:
        """Wrap it once the page has its size."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        if width := self._page.size.width:
            self._page.fill(" In full", self._lines(width))

    def action_leave(self) -> None:
        """Back to the screen."""
        self.dismiss(None)
