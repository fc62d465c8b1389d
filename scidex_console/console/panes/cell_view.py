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

from scidex_console.console.presentation.cells import TONES, Cell, Line, crop_line, harmless

_NO_LINE = Line()


class CellView(Widget):
    """Draws the lines it was last shown; its height is their number unless the stylesheet says otherwise.

    How a tone looks is the application's to say (`COMPONENT_CLASSES`, of which it has these): each view that
    said so itself would have the stylesheet walked once a tone, whenever a class or the focus changes.
    """

    STYLES_OF_TONES: ClassVar[frozenset[str]] = frozenset(f"cells--{tone}" for tone in TONES)
    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        self._looks: dict[str, Style] = {}
        """Of the tones drawn so far, as the stylesheet is now."""
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
            spans = changed_spans(_at(old, y), _at(self._lines, y))
            regions += [Region(start, y, end - start, 1) for start, end in spans]
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

    def notify_style_update(self) -> None:
        """Draw again what another theme shows otherwise."""
        super().notify_style_update()
        before, self._looks = self._looks, {}
        if any(self._style(tone) != look for tone, look in before.items()):
            self.refresh()

    def _style(self, tone: str) -> Style:
        if tone not in self._looks:
            self._looks[tone] = self.app.get_component_styles(f"cells--{tone}").partial_rich_style
        return self._looks[tone]


def _at(lines: Sequence[Line], y: int) -> Line:
    return lines[y] if y < len(lines) else _NO_LINE


def changed_spans(old: Line, new: Line) -> list[tuple[int, int]]:
    """First columns that differ, and those after the last; from where cells no longer lie alike, one span."""
    if old == new:
        return []
    if old.tone != new.tone:
        return [(0, 10_000)]
    spans, start, common = [], 0, 0
    for a, b in zip(old.cells, new.cells, strict=False):
        width = cell_len(b.text)
        if cell_len(a.text) != width:
            break
        if a != b:
            before, behind = _alike(a, b)
            spans.append((start + before, start + width - behind))
        start += width
        common += 1
    if common < max(len(old.cells), len(new.cells)):
        spans.append((start, _end_of_change(old, new, common)))
    return spans


def _alike(a: Cell, b: Cell) -> tuple[int, int]:
    """Columns that two cells of one width have in common at the beginning and at the end.

    Only where every character takes one column: half of a wide one cannot be drawn.
    """
    if a.tone != b.tone or not (a.text.isascii() and b.text.isascii()):
        return 0, 0
    before = _first_difference(a.text, b.text)
    return before, _first_difference(a.text[:before:-1], b.text[:before:-1])


def _first_difference(a: str, b: str) -> int:
    """Where texts of one length begin to differ; their length, where they do not."""
    return next((at for at, (one, other) in enumerate(zip(a, b, strict=True)) if one != other), len(a))


def _end_of_change(old: Line, new: Line, common: int) -> int:
    """The column after the last that differs, of lines whose first cells are alike."""
    if old.width != new.width:
        return max(old.width, new.width)
    end = new.width
    for a, b in zip(reversed(old.cells[common:]), reversed(new.cells[common:]), strict=False):
        if a != b:
            break
        end -= cell_len(a.text)
    return end
