"""Commits that are wanted: what each changes, before anything of it is an object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scidex_console.adapters.git import worktree_file
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.trees import REGULAR
from scidex_console.domain.errors import Refused, UnsafePath
from scidex_console.domain.folders.resolving import steers_git
from scidex_console.domain.paths import check_relative
from scidex_console.engine.ports import PathChange


@dataclass(frozen=True)
class Edit:
    """What a commit does to one path."""

    path: str
    mode: str = REGULAR
    object: str = ""
    """Object to put there, or, for a removal, the one that must be there; empty: read the worktree's file
    (for a removal: whatever is there)."""
    sha256: str = ""
    """Expected sha256 of the worktree's file."""
    content: bytes | None = None
    """The bytes to put there, where they are known without reading the worktree."""
    removal: bool = False
    replaces: str | None = None
    """Object that may be at the path before; empty: whatever is there; None: nothing may be."""

    @property
    def reads(self) -> bool:
        """Whether the worktree's file is what the commit gets."""
        return not self.removal and not self.object and self.content is None


@dataclass(frozen=True)
class Draft:
    """One commit: what it changes, and its message."""

    edits: Sequence[Edit]
    message: str


@dataclass(frozen=True)
class Series:
    """Commits on top of one another; with `merge`, a side chain that this message's merge commit joins.

    No path occurs in two of them.
    """

    drafts: Sequence[Draft]
    merge: str = ""

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What all of them change together."""
        return tuple(edit for draft in self.drafts for edit in draft.edits)


def size_of(checkout: Checkout, edit: Edit) -> int:
    """Bytes that an edit brings into git, at most (they are compressed there)."""
    if edit.content is not None:
        return len(edit.content)
    return worktree_file.size(checkout.worktree, edit.path) if edit.reads else 0


def edits_of(changes: Sequence[PathChange]) -> list[Edit]:
    """The changes as edits, each path once and allowed. Raises `Refused`, `UnsafePath`."""
    if not changes:
        raise Refused("there is nothing to commit")
    edits: dict[str, Edit] = {}
    for change in changes:
        path = check_relative(change.path)
        if steers_git(path):
            raise UnsafePath("a file of this name would steer git itself", where=path)
        if path in edits:
            raise Refused("the same path twice in one commit", where=path)
        edits[path] = Edit(
            path,
            mode=change.mode,
            object=change.blob,
            sha256=change.sha256 or "",
            content=None if change.blob else change.content,
            removal=change.sha256 is None,
            replaces=change.replaces or None,
        )
    return list(edits.values())
