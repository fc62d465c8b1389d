"""A widget that draws lines of cells and sends only what changed.

Textual repaints a whole widget when asked to refresh it; over a slow link that is most of a screen for one
figure. This one compares the new lines with the old and marks only the changed spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from scidex_console.console.presentation.cells import TONES, Line, crop_line, harmless

_NO_LINE = Line()


class CellView(Widget):
    """Draws the lines it was last shown; its height is their number unless the stylesheet says otherwise."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"cells--{tone}" for tone in TONES}
    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines; only the spans that differ are painted."""
        old, self._lines = self._lines, tuple(harmless(line) for line in lines)
        if len(old) != len(self._lines) and self.styles.is_auto_height:
            self.refresh(layout=True)
            return
        regions = []
        for y in range(max(len(old), len(self._lines))):
            span = changed_span(_at(old, y), _at(self._lines, y))
            if span:
                regions.append(Region(span[0], y, span[1] - span[0], 1))
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One line as Textual wants it: exactly as wide as the widget."""
        width = self.size.width
        base = self.visual_style.rich_style
        line = crop_line(_at(self._lines, y), width)
        if line.tone:
            base += self._style(line.tone)
        plain = ("", "dim") if line.tone == "cursor" else ("",)  # dim is unreadable under the cursor
        segments = [
            Segment(cell.text, base if cell.tone in plain else base + self._style(cell.tone))
            for cell in line.cells
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are lines."""
        return len(self._lines)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide as the longest line."""
        return max((line.width for line in self._lines), default=0)

    def _style(self, tone: str) -> Style:
        return self.get_component_rich_style(f"cells--{tone}", partial=True)


def _at(lines: Sequence[Line], y: int) -> Line:
    return lines[y] if y < len(lines) else _NO_LINE


def changed_span(old: Line, new: Line) -> tuple[int, int] | None:
    """First column that differs, and the one after the last; None when the lines are alike."""
    if old == new:
        return None
    if old.tone != new.tone:
        return 0, 10_000
    start = 0
    common = 0
    for a, b in zip(old.cells, new.cells, strict=False):
        if a != b:
            break
        start += cell_len(a.text)
        common += 1
    if old.width != new.width:
        return start, max(old.width, new.width)
    end = new.width
    tail = zip(reversed(old.cells[common:]), reversed(new.cells[common:]), strict=False)
    for a, b in tail:
        if a != b:
            break
        end -= cell_len(a.text)
    return start, end
