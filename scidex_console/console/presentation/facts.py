"""All about one thing: names and values in lines of the width there is, long values wrapped, never cut.

Names are those of fields that others may have added: one beyond all measure ends with an ellipsis.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from scidex_console.console.presentation.cells import Cell, Line, clean, fit, wrap

_NAME_WIDTH = 12
_WIDEST_NAME = 22
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
    told = [fact for fact in facts if fact.value]
    longest = max((cell_len(clean(fact.name)) for fact in told), default=0)
    room = min(max(longest + 1, _NAME_WIDTH), _WIDEST_NAME)
    for fact in told:
        rows = wrap(clean(fact.value, _LONGEST), max(width - room, 20))
        for number, row in enumerate(rows):
            name = fit(clean(fact.name) if number == 0 else "", room - 1)
            lines.append(Line((Cell(f"{name} ", "dim"), Cell(row, fact.tone))))
    return lines


def parts(*found: tuple[str, Sequence[Line]]) -> list[Line]:
    """Parts under their headings; an empty one is left out."""
    lines: list[Line] = []
    for title, below in found:
        if below:
            lines += [heading(title), *below]
    return lines
