"""What the disk is asked: bytes as they lie there, as values, and where they come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Presence(StrEnum):
    """What is at a path."""

    FILE = "file"
    LINK = "symbolic link"
    FOLDER = "folder"
    OTHER = "neither file nor folder"
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class FileFact:
    """What is at a path of the disk, read without following links."""

    presence: Presence
    sha256: str = ""
    blob: str = ""
    """Object id that git would give these bytes, or a link's target."""
    stands_for: str = ""
    """sha256 of the file it stands for, when it is a Git LFS pointer."""
    why: str = ""
    """Why it cannot be read."""
    target: str = ""
    """Where a symbolic link leads, as it is written."""

    def holds(self, sha256: str) -> bool:
        """Whether these are the expected bytes, or a pointer to them."""
        return self.presence is Presence.FILE and sha256 in (self.sha256, self.stands_for)


@dataclass(frozen=True)
class StagingFact:
    """The staging folder."""

    finished: frozenset[str]
    unfinished: frozenset[str]


class DiskSource(Protocol):
    """Reads files. Synchronous; spreads the hashing over threads of its own."""

    def artifacts(self, paths: Collection[str]) -> Mapping[str, FileFact]:
        """Files of the artifact checkout."""
        ...

    def below(self, folders: Collection[str]) -> Mapping[str, Collection[str]]:
        """Everything below each of these folders that is there, relative to it; no link is followed."""
        ...

    def outside(self, paths: Collection[str]) -> Mapping[str, FileFact] | None:
        """Files of the outer checkout; None when there is none."""
        ...

    def staging(self) -> StagingFact: ...
