"""All about one thing: names and values in lines of the width there is, long values wrapped, never cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scidex_console.console.presentation.cells import Cell, Line, clean, fit, wrap

_NAME_WIDTH = 12
_LONGEST = 4000


@dataclass(frozen=True)
class Fact:
    """A name and its value."""

    name: str
    value: str
    """As it came: it is made harmless here."""
    tone: str = ""


def heading(text: str) -> Line:
    """The title of a part."""
    return Line((Cell(text, "strong"),), "title")


def fact_lines(facts: Iterable[Fact], width: int) -> list[Line]:
    """Each fact on as many lines as it needs; one without a value is left out."""
    lines: list[Line] = []
    for fact in facts:
        if not fact.value:
            continue
        rows = wrap(clean(fact.value, _LONGEST), max(width - _NAME_WIDTH, 20))
        for number, row in enumerate(rows):
            name = fit(clean(fact.name) if number == 0 else "", _NAME_WIDTH - 1)
            lines.append(Line((Cell(f"{name} ", "dim"), Cell(row, fact.tone))))
    return lines


def parts(*found: tuple[str, Sequence[Line]]) -> list[Line]:
    """Parts under their headings; an empty one is left out."""
    lines: list[Line] = []
    for title, below in found:
        if below:
            lines += [heading(title), *below]
    return lines
