"""A paragraph of one style, wrapped to the width it gets."""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip

from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.presentation.cells import Cell, clean, wrap


class Paragraph(CellView):
    """Text that is never cut; empty text takes no room."""

    LONGEST = 4000

    def __init__(
        self, text: str = "", tone: str = "", *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._cell = Cell(clean(text, self.LONGEST), tone)

    @property
    def text(self) -> str:
        """What it says."""
        return self._cell.text

    def say(self, text: str, tone: str = "") -> None:
        """Say something else."""
        cell = Cell(clean(text, self.LONGEST), tone)
        if cell != self._cell:
            self._cell = cell
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the wrapped text takes."""
        return len(wrap(self._cell.text, width)) if self._cell.text else 0

    def render_line(self, y: int) -> Strip:
        """One row of the wrapped text."""
        width = self.size.width
        rows = wrap(self._cell.text, width)
        base = self.visual_style.rich_style
        style = base + self._style(self._cell.tone) if self._cell.tone else base
        text = rows[y] if y < len(rows) else ""
        return Strip([Segment(text, style)]).adjust_cell_length(width, base)
