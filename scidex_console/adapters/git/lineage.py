"""Which commits the newest one descends from, as far as it was asked or seen: that never changes."""

from __future__ import annotations

from collections.abc import Callable


class Lineage:
    """Ancestors of one commit; it moves along when another is made on top of it."""

    def __init__(self) -> None:
        self._newest = ""
        self._ancestors: frozenset[str] = frozenset()

    def grew(self, parent: str, commit: str) -> None:
        """`commit` was made on top of `parent`."""
        known = self._ancestors if parent == self._newest else frozenset()
        self._newest, self._ancestors = commit, known | {parent}

    def has(self, older: str, newer: str, ask: Callable[[], bool]) -> bool:
        """Whether `newer` is `older` or descends from it; `ask` looks where it is not known."""
        if newer == self._newest and older in self._ancestors:
            return True
        found = ask()
        if found:
            known = self._ancestors if newer == self._newest else frozenset()
            self._newest, self._ancestors = newer, known | {older}
        return found
