"""The files of the commit at the tip, remembered from commit to commit.

Asking git for the paths of a batch costs a walk through a root folder of thousands of entries each time.
Commits never change, so what one holds is read once, and a later one is known by what differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock

from scidex_console.adapters.git import trees
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.trees import Change
from scidex_console.domain.errors import Halt, RepositoryError
from scidex_console.domain.folders.tree import TreeEntry

_STEPS = 8
"""Moves from commit to commit that are remembered."""

Changes = dict[str, TreeEntry | None]
"""What has become of paths; None: they are gone."""


class TipFiles:
    """What one commit holds, path by path; it moves along with the branch. Threads may share it."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._commit = ""
        self._entries: dict[str, TreeEntry] = {}
        self._steps: dict[str, tuple[str, Changes]] = {}
        """From each commit that was left to the one that came after it, with what that changed."""
        self._lock = Lock()

    def read(self, commit: str) -> None:
        """Know a commit. Raises `RepositoryError` when a folder of it cannot be read."""
        with self._lock:
            self._go_to(commit)

    def at(self, commit: str) -> Mapping[str, TreeEntry]:
        """Every path of a commit. Raises `RepositoryError` when a folder of it cannot be read."""
        with self._lock:
            self._go_to(commit)
            return self._entries.copy()

    def between(self, old: str, commit: str) -> Changes | None:
        """What has changed from an earlier commit to this one; None where that is not remembered."""
        with self._lock:
            self._go_to(commit)
            found: Changes = {}
            while old != commit:
                if old not in self._steps:
                    return None
                old, changes = self._steps[old]
                found |= changes
            return found

    def some(self, commit: str, paths: Sequence[str]) -> dict[str, TreeEntry]:
        """Of these paths, those that a commit has."""
        with self._lock:
            self._go_to(commit)
            return {path: self._entries[path] for path in paths if path in self._entries}

    def advance(self, old: str, new: str, changes: Mapping[str, Change]) -> None:
        """A commit was made, of which it is known what it changed."""
        with self._lock:
            if self._commit == old:
                self._step(new, changes)

    def _go_to(self, commit: str) -> None:
        if commit == self._commit:
            return
        changes = self._changes_to(commit)
        if changes is None:
            self._commit = ""
            self._steps.clear()
            read = trees.all_entries(self._checkout, commit)
            self._entries = {path: TreeEntry(entry.mode, entry.object) for path, entry in read.items()}
            self._commit = commit
        else:
            self._step(commit, changes)

    def _changes_to(self, commit: str) -> Mapping[str, Change] | None:
        """None when there is nothing to start from, such as a commit that has been collected since."""
        if not self._commit:
            return None
        try:
            return trees.changes(self._checkout, self._commit, commit)
        except (Halt, RepositoryError):  # for git, what was collected is what is damaged
            return None

    def _step(self, commit: str, changes: Mapping[str, Change]) -> None:
        became = {
            path: TreeEntry(change.after.mode, change.after.object) if change.after else None
            for path, change in changes.items()
        }
        for path, entry in became.items():
            if entry is None:
                self._entries.pop(path, None)
            else:
                self._entries[path] = entry
        self._steps.pop(self._commit, None)
        self._steps[self._commit] = (commit, became)
        if len(self._steps) > _STEPS:
            del self._steps[next(iter(self._steps))]
        self._commit = commit
