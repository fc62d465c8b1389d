"""How the console behaves in this session, as settings and session decide."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from scidex_console.console.keys import Key

LONGEST_COPY = 8192
"""Bytes of text; terminals and multiplexers drop longer sequences, or show them."""


@dataclass(frozen=True)
class Manners:
    """Everything a person may want otherwise."""

    mouse: bool = False
    bell: bool = False
    """Whether the terminal rings when a run halts or a breaker opens."""
    notify: Callable[[str], Awaitable[str]] | None = None
    """What else is told then; gives back why it could not be, or nothing."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Other keys, by `Key.name`."""

    def shown(self, key: Key) -> str:
        """How a key is called here."""
        chosen = self.keys.get(key.name)
        if chosen is None:
            return key.shown
        if chosen.startswith("ctrl+"):
            return f"^{chosen.removeprefix('ctrl+').upper()}"
        return chosen.upper() if len(chosen) in (2, 3) and chosen.startswith("f") else chosen


def fits_clipboard(text: str) -> bool:
    """Whether a terminal will take a text as its clipboard."""
    return len(text.encode("utf-8", errors="replace")) <= LONGEST_COPY
