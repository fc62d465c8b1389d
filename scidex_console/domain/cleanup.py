"""The clean-up as a plan: what is left to decide, what would be removed, and what stands in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from scidex_console.domain.folders.layout import FolderLayout
from scidex_console.domain.orphans import KEPT
from scidex_console.domain.tokens import plan_token

TOP = "."
"""The folder of files that lie at the top of the repository itself."""
MOST_SHOWN = 20
"""Of a list that may be long, in a plan."""


@dataclass(frozen=True)
class Leftovers:
    """What the checkout has besides artifacts' folders that git knows nothing of."""

    empty: tuple[str, ...] = ()
    """Folders that hold no file, the deepest first."""
    untracked: tuple[str, ...] = ()
    """Files that git does not track."""


@dataclass(frozen=True)
class CleanupPlan:
    """Everything about the clean-up at one moment. Only `folders` would be removed; files are decided on."""

    taken_at: datetime
    shut_by: str
    """Why nothing may be cleaned up yet; empty: it may."""
    opens_at: datetime | None
    """When the clock before it will have run, as far as that can be told."""
    legacy_is_off: bool
    waiting: int
    """Artifacts without a folder."""
    orphans: int
    """Files that no row claims and nobody has decided on."""
    by_folder: tuple[tuple[str, int], ...]
    """How many of them lie in each folder at the top, the most first."""
    kept: int
    """Files that lie below `orphans/` by a decision."""
    folders: tuple[str, ...]
    """Empty folders, which would be removed, the deepest first."""
    untracked: int
    untracked_shown: tuple[str, ...]
    strays: tuple[str, ...]
    """Entries at the top of the repository or the checkout that are no artifact's folder."""
    may_vacuum: bool
    vacuumed_at: datetime | None

    @property
    def hindrances(self) -> tuple[str, ...]:
        """What must be seen to before the run, one sentence each; the gate is told apart."""
        found = []
        if not self.legacy_is_off:
            found.append('folders.legacy is "on": set it to "off" where readers and writers run, and here')
        if self.waiting:
            have = _many(self.waiting, "artifact has", "artifacts have")
            found.append(
                f"{have} no folder yet: `scidex-console start folders`, or `scidex-console triage list`"
            )
        if self.orphans:
            files = _many(self.orphans, "file", "files")
            found.append(f"{files} that no row claims: decide by `cleanup orphans` and `cleanup decide`")
        if self.untracked:
            files = _many(self.untracked, "file", "files")
            found.append(f"{files} that git does not track: to be committed or moved away")
        if not self.may_vacuum:
            found.append("this database role may not vacuum SciDEX's tables: run it as their owner")
        return tuple(found)

    @property
    def token(self) -> str:
        """Names exactly what a run would remove."""
        return plan_token({"action": "cleanup run", "folders": list(self.folders)})


def _many(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def strays(names: Iterable[str], layout: FolderLayout) -> tuple[str, ...]:
    """Of entries at the top, those that are neither an artifact's folder, nor git's own, nor kept files."""
    return tuple(
        sorted({n for n in names if not n.startswith(".") and n != KEPT and not layout.is_at_top(n)})
    )


def by_folder(paths: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """How many paths lie below each entry at the top; files at the top itself count under `TOP`."""
    counted = Counter(path.partition("/")[0] if "/" in path else TOP for path in paths)
    return tuple(sorted(counted.items(), key=lambda each: (-each[1], each[0])))


def matching(paths: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Those that a pattern means: a path, a folder with everything below it, or `*` and `?` as in a shell.

    A `*` goes beyond a slash. No pattern means all.
    """
    return [path for path in paths if not patterns or any(_means(pattern, path) for pattern in patterns)]


def _means(pattern: str, path: str) -> bool:
    return path == pattern or path.startswith(f"{pattern.rstrip('/')}/") or fnmatchcase(path, pattern)
