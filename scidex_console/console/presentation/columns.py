"""Columns chosen by the width there is: the least important go first, nothing wraps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scidex_console.console.presentation.cells import Align, Cell, Crop, Line, fit


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    key: str
    title: str
    width: int
    """Least width in terminal columns."""
    rank: int = 0
    """Columns with the highest rank go first when room is short; rank 0 always stays."""
    align: Align = "left"
    weight: int = 0
    """Share of the room that is left over."""
    widest: int = 200
    crop: Crop = "end"


@dataclass(frozen=True)
class Placed:
    """A column and the width it got."""

    column: Column
    width: int


def choose(columns: Sequence[Column], width: int) -> tuple[Placed, ...]:
    """The columns that fit in `width`, with one space between, and how wide each is."""
    kept = list(columns)
    while _needed(kept) > width and any(column.rank for column in kept):
        kept.remove(max(kept, key=lambda column: column.rank))
    widths = {column.key: column.width for column in kept}
    spare = width - _needed(kept)
    if spare < 0 and (yields := max(kept, key=lambda column: column.weight)).weight:
        # Too wide a row would be cut at its end, and marked as cut where only blanks are missing.
        widths[yields.key], spare = max(yields.width + spare, 1), 0
    for column in sorted((c for c in kept if c.weight), key=lambda c: c.widest):
        shares = sum(c.weight for c in kept if c.weight and c.widest >= column.widest)
        extra = max(0, min(spare * column.weight // max(shares, 1), column.widest - column.width))
        widths[column.key] += extra
        spare -= extra
    return tuple(Placed(column, widths[column.key]) for column in kept)


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + max(len(columns) - 1, 0)


def header_line(placed: Sequence[Placed], first: str, tone: str, note: str = "") -> Line:
    """The titles; `first` stands in place of the first column's title, so that a pane needs no frame.

    A `note` stands in place of the widest of the other columns' titles.
    """
    noted = max(range(1, len(placed)), key=lambda i: placed[i].width, default=0) if note else 0
    titles = [
        fit(
            first if index == 0 else note if index == noted else p.column.title,
            p.width,
            "left" if index == 0 else p.column.align,
        )
        for index, p in enumerate(placed)
    ]
    return Line((Cell(" ".join(titles)),), tone)


def row_line(placed: Sequence[Placed], cells: Mapping[str, Cell], tone: str = "") -> Line:
    """One row: each cell in its column's exact width."""
    out: list[Cell] = []
    for index, p in enumerate(placed):
        cell = cells.get(p.column.key, Cell(""))
        text = fit(cell.text, p.width, p.column.align, p.column.crop)
        out.append(Cell(text, cell.tone))
        if index < len(placed) - 1:
            out.append(Cell(" "))
    return Line(tuple(out), tone)
