"""Keys in words: the footer and the help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scidex_console.console.presentation.cells import Cell, Line, crop_line


@dataclass(frozen=True)
class KeyView:
    """One key as it stands now."""

    shown: str
    label: str
    title: str
    explain: str
    reason: str
    """Why it is disabled; empty when it is not."""
    command: str = ""
    """The same as a command line, where there is one."""
    always: bool = False
    footer: bool = True
    name: str = ""
    """What it is called (`Key.name`)."""
    palette: bool = True


def footer_line(keys: Sequence[KeyView], width: int) -> Line:
    """The keys on one line: all where there is room, disabled ones in brackets; else those that work."""
    enabled = [k for k in keys if not k.reason]
    for chosen in (keys, enabled):
        result = _joined(chosen)
        if result.width <= width:
            return result
    last = [k for k in enabled if k.always]
    rest = [k for k in enabled if not k.always]
    while rest and _joined([*rest, *last]).width > width:
        rest.pop()
    return crop_line(_joined([*rest, *last]), width)


def _joined(keys: Sequence[KeyView]) -> Line:
    cells: list[Cell] = []
    for key in keys:
        cells.append(Cell(" "))
        if key.reason:
            cells.append(Cell(f"({key.shown} {key.label})", "dim"))
        else:
            cells += [Cell(key.shown, "key"), Cell(f" {key.label}")]
    return Line(tuple(cells))
