"""What a terminal must be able to do before anything is drawn on it."""

from __future__ import annotations

from collections.abc import Mapping

from scidex_console.domain.errors import UsageError

_CANNOT_DRAW = ("dumb", "unknown")
"""Names by which a terminal says that it knows no cursor movements; sizes are guessed wrongly for them."""


def need_drawing(
    environ: Mapping[str, str],
    instead: str = "use the command line, such as `scidex-console status --watch`",
) -> None:
    """Raise `UsageError` for a terminal that says of itself that nothing can be drawn on it.

    `instead` is what to do where there is no other terminal.
    """
    name = environ.get("TERM", "")
    if name.lower() in _CANNOT_DRAW:
        raise UsageError(
            "the console cannot draw on a terminal of this kind",
            where=f"TERM={name}",
            fix="if your terminal can move its cursor, name its kind, such as `export TERM=xterm-256color`; "
            f"else {instead}",
        )
