"""What is shown while the terminal is too small: nothing acts from a screen that cannot show it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import ModalScreen

from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.presentation.cells import Cell, Line

LEAST = Size(60, 16)


def is_too_small(size: Size) -> bool:
    """Whether a terminal of that size cannot show enough to act upon."""
    return size.width < LEAST.width or size.height < LEAST.height


class TooSmallScreen(ModalScreen[None]):
    """Covers everything until the terminal has grown; the run goes on meanwhile."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "Quit", show=False)]

    def compose(self) -> ComposeResult:
        """One paragraph."""
        yield CellView(id="too-small")

    def on_resize(self, event: events.Resize) -> None:
        """Say the present size."""
        size = event.size
        self.query_one(CellView).show(
            [
                Line((Cell("terminal too small", "bad"),)),
                Line((Cell(f"{size.width}x{size.height}, needs {LEAST.width}x{LEAST.height}"),)),
                Line((Cell("keys are blocked; the run goes on", "dim"),)),
                Line((Cell("q", "key"), Cell(" quits the console"))),
            ]
        )
