"""Which commits the newest one descends from, as far as it was asked or seen: that never changes."""

from __future__ import annotations

from collections.abc import Callable


class Lineage:
    """Ancestors of one commit; it moves along when another is made on top of it."""

    def __init__(self) -> None:
        self._known: tuple[str, frozenset[str]] = ("", frozenset())  # replaced as one: threads share it

    def grew(self, parent: str, commit: str) -> None:
        """`commit` was made on top of `parent`."""
        newest, ancestors = self._known
        self._known = commit, (ancestors if parent == newest else frozenset()) | {parent}

    def has(self, older: str, newer: str, ask: Callable[[], bool]) -> bool:
        """Whether `newer` is `older` or descends from it; `ask` looks where it is not known."""
        newest, ancestors = self._known
        if newer == newest and older in ancestors:
            return True
        found = ask()
        if found:
            newest, ancestors = self._known
            self._known = newer, (ancestors if newer == newest else frozenset()) | {older}
        return found
