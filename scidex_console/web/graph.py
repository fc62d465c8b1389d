"""Inputs and outputs of an artifact as a small drawing: where each box lies, in its units. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.engine.ports.reading import Neighbour
from scidex_console.web.addresses import artifact_path

SHOWN = 8
"""Boxes on one side; the rest is told as a number."""
WIDTH, BOX, HEIGHT, GAP = 720, 200, 34, 10
_LETTERS = 26


@dataclass(frozen=True)
class Box:
    """An artifact in the drawing."""

    x: int
    y: int
    label: str
    title: str
    """The whole of it."""
    kind: str
    url: str
    """Empty for the artifact the page is about."""


@dataclass(frozen=True)
class Line:
    """From one box to another, as the data of a path."""

    path: str


@dataclass(frozen=True)
class Graph:
    """The drawing."""

    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    more_inputs: int
    more_outputs: int
    words: str
    """What it shows, for who does not see it."""


def draw(row: ArtifactRow, inputs: Sequence[Neighbour], outputs: Sequence[Neighbour]) -> Graph | None:
    """The drawing; None for an artifact without links."""
    if not inputs and not outputs:
        return None
    tallest = max(min(len(inputs), SHOWN), min(len(outputs), SHOWN), 1)
    height = tallest * (HEIGHT + GAP) + GAP
    middle = Box((WIDTH - BOX) // 2, (height - HEIGHT) // 2, *_words(row), row.artifact_type, "")
    left = _column(inputs[:SHOWN], 0, height)
    right = _column(outputs[:SHOWN], WIDTH - BOX, height)
    lines = [Line(_curve(box, middle)) for box in left] + [Line(_curve(middle, box)) for box in right]
    return Graph(
        height,
        (*left, middle, *right),
        tuple(lines),
        max(len(inputs) - SHOWN, 0),
        max(len(outputs) - SHOWN, 0),
        f"made from {len(inputs)} artifacts; {len(outputs)} made from it",
    )


def _column(rows: Sequence[Neighbour], x: int, height: int) -> list[Box]:
    top = (height - len(rows) * (HEIGHT + GAP) + GAP) // 2
    return [
        Box(x, top + place * (HEIGHT + GAP), *_words(row), row.artifact_type, artifact_path(row.handle))
        for place, row in enumerate(rows)
    ]


def _words(row: ArtifactRow | Neighbour) -> tuple[str, str]:
    title = row.title or row.id
    return title if len(title) <= _LETTERS else title[: _LETTERS - 1] + "…", title


def _curve(start: Box, end: Box) -> str:
    x1, y1 = start.x + BOX, start.y + HEIGHT // 2
    x2, y2 = end.x, end.y + HEIGHT // 2
    bend = (x2 - x1) // 2
    return f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
