"""Before and after, side by side as lines a person can read: only what differs, each value by its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scidex_console.console.presentation.cells import Cell, Line, clean

_LONGEST = 400
_MOST = 500
"""Lines; a change of more places than that is told up to there."""


def difference_lines(before: Any, after: Any) -> list[Line]:
    """One line for each place that was added (+), taken away (-) or changed (~), in order."""
    old, new = dict(_flat(before)), dict(_flat(after))
    lines = []
    for place in [*old, *(place for place in new if place not in old)]:
        if place not in new:
            lines.append(_line("-", place, Cell(old[place], "bad")))
        elif place not in old:
            lines.append(_line("+", place, Cell(new[place], "ok")))
        elif old[place] != new[place]:
            arrow = Cell(" → ", "dim")
            lines.append(_line("~", place, Cell(old[place], "bad"), arrow, Cell(new[place], "ok")))
    if len(lines) > _MOST:
        lines = [*lines[:_MOST], Line((Cell(f"… and {len(lines) - _MOST} more", "dim"),))]
    return lines


def value_lines(value: Any) -> list[Line]:
    """A value alone, place by place."""
    lines = [_line(" ", place, Cell(text)) for place, text in _flat(value)]
    return lines[:_MOST]


def _line(sign: str, place: str, *cells: Cell) -> Line:
    tone = {"+": "ok", "-": "bad", "~": "warn"}.get(sign, "")
    name = (Cell(clean(place, 80), "strong"), Cell(": ")) if place else ()
    return Line((Cell(f"{sign} ", tone), *name, *cells))


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list) and value and any(isinstance(item, dict | list) for item in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{place}[{number}]")
    elif value is not None or place:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield place, clean(text, _LONGEST)
