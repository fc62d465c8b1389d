"""An image as a few coloured cells, drawn by a child process with limits of memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

_CHILD: Final = Path(__file__).parents[1] / "image_child.py"
_LONGEST_S: Final = 30.0
"""Longest time for one picture, by the clock on the wall; the child has a limit of processor time too."""

Colour = tuple[int, int, int]


def draw(
    content: bytes, columns: int, rows: int, *, longest_s: float = _LONGEST_S
) -> list[list[tuple[Colour, Colour]]] | str:
    """Rows of cells, each with an upper and a lower colour; else why there are none."""
    command = [sys.executable, "-I", str(_CHILD), "draw", str(columns), str(rows)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=longest_s, check=False)
    except subprocess.TimeoutExpired:
        return f"drawing it takes more than {longest_s:g} s"
    if b"ModuleNotFoundError" in done.stderr:
        return "the imaging library is not installed"
    if done.returncode != 0:
        return "drawing it takes more memory or time than a picture may"
    said = json.loads(done.stdout)
    return said if isinstance(said, str) else [[_cell(cell) for cell in row] for row in said]


def _cell(cell: list[list[int]]) -> tuple[Colour, Colour]:
    (r, g, b), (red, green, blue) = cell
    return (r, g, b), (red, green, blue)
