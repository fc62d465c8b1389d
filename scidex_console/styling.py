"""Finds the style sheets: beside the package in a checkout, inside it when installed from a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def style_path(name: str) -> Path:
    """Where the style sheet of that file name is. Raises FileNotFoundError naming the places looked at."""
    places = (_PACKAGE / "styles" / name, _PACKAGE.parent / "styles" / name)
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(f"no style sheet {name} at {' or '.join(str(place) for place in places)}")
