"""Cells: text of an exact width and the name of a style. What every pane is drawn from, and untrusted text
made harmless once more.

Pure, like the whole room: a view comes in, cells go out. Style names are resolved by the stylesheet.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len, set_cell_size

from scidex_console.domain.sanitise import visible

Align = Literal["left", "right"]
Crop = Literal["start", "end", "middle"]

TONES = (
    "dim",
    "strong",
    "ok",
    "warn",
    "bad",
    "key",
    "title",
    "title-focus",
    "cursor",
    "cursor-blurred",
    "badge-ok",
    "badge-warn",
    "badge-bad",
)
"""Every style name a cell or a line may carry; the stylesheet has one rule for each."""


@dataclass(frozen=True)
class Cell:
    """Text and the name of its style (`` for the plain one)."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a pane; `token` styles the whole of it, below what its cells say."""

    cells: tuple[Cell, ...] = ()
    tone: str = ""

    @property
    def text(self) -> str:
        """The line without styles."""
        return "".join(cell.text for cell in self.cells)

    @property
    def width(self) -> int:
        """Terminal columns taken."""
        return cell_len(self.text)


def line(*cells: Cell | str, tone: str = "") -> Line:
    """A line from cells and plain strings."""
    return Line(tuple(Cell(cell) if isinstance(cell, str) else cell for cell in cells), tone)


_MOST_MARKS = 4
"""On one letter; no script needs more."""


@lru_cache(maxsize=4096)
def clean(text: str, limit: int = 500) -> str:
    """Untrusted text as it may be drawn: one line, every hidden character written out.

    What terminals disagree about the width of would shift the columns behind it: variation selectors and skin
    tones are dropped; the halves of flags, and marks that take a column in some terminals, are written out. A
    pile of marks on one letter is cut: it would reach into other lines.
    """
    shown: list[str] = []
    marks = 0
    for char in text[: 4 * limit]:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks > _MOST_MARKS or "\ufe00" <= char <= "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff":
            continue
        shown.append(_written_out(char) if _is_of_doubtful_width(char) else char)
    return visible("".join(shown), limit)


def _is_of_doubtful_width(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff" or unicodedata.category(char) == "Mc"


def _written_out(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


@lru_cache(maxsize=8192)
def fit(text: str, width: int, align: Align = "left", crop: Crop = "end") -> str:
    """The text in exactly `width` terminal columns: padded, or cropped with an ellipsis."""
    if width <= 0:
        return ""
    length = cell_len(text)
    if length > width:
        if crop == "start":
            return _tail(text, width)
        text = _middle(text, width) if crop == "middle" else set_cell_size(text, width - 1).rstrip(" ") + "…"
        length = cell_len(text)
    padding = " " * (width - length)
    return padding + text if align == "right" else text + padding


def _tail(text: str, width: int) -> str:
    """The end of the text alone, as of bars whose newest stands last."""
    tail = ""
    for char in reversed(text):
        if cell_len(char + tail) > width:
            break
        tail = char + tail
    return tail.rjust(width)


def _middle(text: str, width: int) -> str:
    """Keep both ends, a little more of the tail: the end of an address tells files apart."""
    if width < 5:
        return set_cell_size(text, width - 1).rstrip(" ") + "…"
    tail_width = (width - 1) * 3 // 5
    head = set_cell_size(text, width - 1 - tail_width)
    tail = ""
    for char in reversed(text):
        if cell_len(char + tail) > tail_width:
            break
        tail = char + tail
    return f"{head}…{tail}"


def crop_line(cells: Line, width: int) -> Line:
    """A line cut to `width` columns; what is cut off is marked by an ellipsis."""
    if cells.width <= width:
        return cells
    kept: list[Cell] = []
    room = width
    for cell in cells.cells:
        length = cell_len(cell.text)
        if length >= room:
            text = cell.text if length == room and cell is cells.cells[-1] else fit(cell.text + " ", room)
            kept.append(Cell(text, cell.tone))
            break
        kept.append(cell)
        room -= length
    return Line(tuple(kept), cells.tone)


def wrap(text: str, width: int) -> tuple[str, ...]:
    """The text in lines of at most `width` columns, broken at spaces where there are any."""
    if width <= 0:
        return ()
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        joined = f"{current} {word}" if current else word
        if cell_len(joined) <= width:
            current = joined
            continue
        if current:
            lines.append(current)
        while cell_len(word) > width:
            head = set_cell_size(word, width).rstrip(" ") or word[0]
            lines.append(head)
            word = word[len(head) :]
        current = word
    if current or not lines:
        lines.append(current)
    return tuple(lines)


def wrap_line(line: Line, width: int) -> list[Line]:
    """A line in rows of at most `width` columns, styles kept; what goes on is set in by two.

    Broken at spaces where there are any, like `wrap`.
    """
    if width <= 2:
        return []
    rows: list[Line] = []
    row: list[Cell] = []
    room = width
    for cell in line.cells:
        text = cell.text
        while cell_len(text) > room:
            head = _head(text, room, is_row=room == width - (2 if rows else 0))
            rows.append(Line((*row, Cell(head, cell.tone)), line.tone))
            text = text[len(head) :].removeprefix(" ")
            row, room = [Cell("  ")], width - 2
        row.append(Cell(text, cell.tone))
        room -= cell_len(text)
    return [*rows, Line(tuple(row), line.tone)]


def _head(text: str, room: int, *, is_row: bool) -> str:
    """As much of a longer text as goes into the room; of a word alone only where it has the row to itself."""
    fits = text[: len(set_cell_size(text, room).rstrip(" "))] if room > 0 else ""
    if text[len(fits) : len(fits) + 1] == " ":
        return fits
    words = fits.rpartition(" ")[0]
    return words if words.strip() or not is_row else fits or text[:1]


def harmless(line: Line) -> Line:
    """The line as it is, or, should something hidden have come this far, with that written out."""
    if line.text.isprintable():
        return line
    return Line(tuple(Cell(clean(cell.text, 4000), cell.tone) for cell in line.cells), line.tone)
