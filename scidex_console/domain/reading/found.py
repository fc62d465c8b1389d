"""What a read of an artifact found: its row, and its files by one of the ways."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.lfs import LfsPointer
from scidex_console.domain.reading.kinds import Source


class FileRole(StrEnum):
    """What a file is to its artifact."""

    PRIMARY = "primary"
    ACCESSORY = "accessory"
    """Made from the primary one, or beside it."""
    MANIFEST = "manifest"


@dataclass(frozen=True)
class FileLook:
    """A regular file of the checkout as it lies there."""

    size: int
    """Bytes on the disk."""
    modified_ns: int
    inode: int
    pointer: LfsPointer | None = None
    """What it stands for, when it is a Git LFS pointer."""


@dataclass(frozen=True)
class FoundFile:
    """One file of an artifact."""

    name: str
    role: FileRole
    path: str
    """Relative to the artifact repository."""
    size: int
    """Bytes; of the object, where a Git LFS pointer stands for it."""
    media_type: str
    sha256: str
    """Of the same bytes; empty where nothing tells it without reading the file."""
    modified_ns: int
    is_pointer: bool = False
    """Whether only a Git LFS pointer is here: the bytes of the object are kept elsewhere."""


@dataclass(frozen=True)
class FoundArtifact:
    """One artifact as a reader gets it. Made by `engine.reading.finding`, whichever way was taken."""

    row: ArtifactRow
    """The row with its folder fields."""
    source: Source
    files: tuple[FoundFile, ...] = ()
    """The primary one first, the manifest last."""
    fell_back: bool = False
    """Whether the way that was to be taken first found nothing, and the other one did."""
    missing: tuple[str, ...] = ()
    """Paths that the row names and where nothing is, when no way found the artifact's file."""

    @property
    def id(self) -> str:
        """The legacy id."""
        return self.row.id

    @property
    def handle(self) -> str:
        """What the artifact is called by in addresses: the legacy id, wherever that can be."""
        return self.row.handle

    @property
    def artifact_id(self) -> str | None:
        """The UUID; None while none is minted."""
        return self.row.uuid

    @property
    def artifact_type(self) -> str:
        """Its type."""
        return self.row.artifact_type

    @property
    def title(self) -> str:
        """Its title, or its id where it has none."""
        return self.row.title or self.row.id

    @property
    def primary(self) -> FoundFile | None:
        """The primary file; None for an artifact of the database alone, or when it is not there."""
        return next((file for file in self.files if file.role is FileRole.PRIMARY), None)

    @property
    def accessories(self) -> tuple[FoundFile, ...]:
        """What was made from the primary file."""
        return tuple(file for file in self.files if file.role is FileRole.ACCESSORY)

    @property
    def manifest(self) -> FoundFile | None:
        """The folder's manifest; None where the legacy way was taken, which knows none."""
        return next((file for file in self.files if file.role is FileRole.MANIFEST), None)

    def named(self, name: str) -> FoundFile | None:
        """A file by its name; the primary one goes before an accessory of the same name."""
        return next((file for file in self.files if file.name == name), None)
