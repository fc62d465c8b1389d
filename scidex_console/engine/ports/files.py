"""The staging folder and the checkout's files. Synchronous, but for the flush."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from scidex_console.domain.fetching import StagedFile


class StagedWriter(Protocol):
    """One file being staged. Exactly one of `finish` and `abandon` ends it."""

    def write(self, chunk: bytes) -> None:
        """Append and hash. Raises `Halt` when the disk is full or read-only."""
        ...

    async def finish(self) -> StagedFile:
        """Flush to disk (fsync, in a thread) and give the file its final staging name."""
        ...

    def abandon(self) -> None:
        """Remove what was written."""
        ...


class Staging(Protocol):
    """The staging folder: on the same file system as the worktree, inside the git directory."""

    def create(self, artifact_id: str) -> StagedWriter: ...

    def holds(self, name: str, sha256: str) -> bool:
        """Whether the staged file is there and its bytes are the expected ones."""
        ...

    def discard(self, names: Collection[str]) -> None:
        """Remove staged files; missing ones are fine."""
        ...

    def names(self) -> frozenset[str]:
        """All finished staged files. Unfinished ones of a killed engine are removed by `sweep`."""
        ...

    def sweep(self) -> int:
        """Remove unfinished files nobody writes any more; how many there were."""
        ...


class Worktree(Protocol):
    """The checkout's files, by paths relative to it. No path is followed through a symbolic link."""

    def place(self, staged: str, path: str, sha256: str) -> None:
        """Make a staged file appear at `path` without replacing anything (link, fsync of the folder).

        Our own link from before a crash is adopted. Raises `UnsafePath` for a symlinked component,
        `Refused` when another file is there, `Halt` when the disk is full. The staged file stays.
        """
        ...

    def digest(self, path: str) -> StagedFile | None:
        """sha256 and size of the file at `path` (a regular file, opened without following links), or None."""
        ...

    def exists(self, path: str) -> bool:
        """Whether a regular file is at `path`."""
        ...

    def is_vacant(self, path: str) -> bool:
        """Whether nothing is at `path`, and a file could appear there without passing a symbolic link."""
        ...

    def opens_elsewhere(self, recorded: str) -> bool:
        """Whether a recorded path that does not lead into the artifact repository opens all the same.

        Absolute, or relative to the outer repository or to this one. Such a row has its file.
        """
        ...

    def differs_at(self, place: str, sha256s: Collection[str]) -> bool:
        """Whether a file at an absolute path is none of these, or may be so where we may not look."""
        ...

    def remove(self, path: str, sha256: str) -> bool:
        """Remove the file if its bytes are still the expected ones; True when it is gone afterwards."""
        ...

    def withdraw(self, path: str, sha256: str) -> bool:
        """Take back what was placed and is staged still; True when it is gone.

        A file of somebody else stays, even with the same bytes.
        """
        ...
