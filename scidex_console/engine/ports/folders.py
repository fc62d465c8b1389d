"""What the folder migration needs of the checkout besides `Worktree`: reading files, laying out folders.

Synchronous. Nothing is flushed one by one: everything laid here is made durable by the repository's `sync`
before the database learns of it, and nothing old goes before that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from scidex_console.domain.lfs import LfsPointer


@dataclass(frozen=True)
class ExaminedFile:
    """A regular file of the checkout, read once from end to end."""

    sha256: str
    blob: str
    """The name git would give these bytes."""
    size: int
    """Bytes."""
    pointer: LfsPointer | None
    """What the bytes stand for, when they are a Git LFS pointer."""


class FolderFiles(Protocol):
    """Files by paths relative to the checkout. No path is followed through a symbolic link."""

    def examine(self, path: str) -> ExaminedFile | None:
        """Read a regular file; None when there is none. Raises `UnsafePath` for a symlinked folder."""
        ...

    def share(self, source: str, path: str) -> None:
        """Let `path` be another name of the very file at `source` (copied where links are not possible).

        Adopts our own name from before a crash. Raises `Refused` when `source` is gone or something else is
        at `path`, `UnsafePath`, `Halt`.
        """
        ...

    def copy(self, source: str, path: str, sha256: str) -> None:
        """Let `path` hold the bytes of `source` in a file of its own. Raises as `share` does."""
        ...

    def lay(self, path: str, content: bytes, *, over: str = "") -> None:
        """Let a small file of these bytes appear, whole; in place of one with the sha256 `over`, if given.

        The same bytes that are there already are adopted. Raises `Refused` when another file is there.
        """
        ...

    def lay_link(self, path: str, target: str) -> None:
        """Let a symbolic link appear; the same link is adopted. Raises `Refused` when something else is."""
        ...

    def holds(self, path: str, sha256: str, *, link: bool) -> bool:
        """Whether the path is a regular file (or a link) of this content."""
        ...

    def take_away(self, path: str, sha256: str, *, link: bool, twin: str = "") -> bool:
        """Remove a file or link if it is still what it was; True when it is gone afterwards.

        One that is the very file at `twin` goes without being read. Folders left empty go too.
        """
        ...
