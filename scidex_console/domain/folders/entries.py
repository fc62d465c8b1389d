"""What a folder's migration does to paths, as the journal keeps it: enough to do it, and to take it back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

REGULAR = "100644"
SYMLINK = "120000"


class EntryRole(StrEnum):
    """What a path of a folder is."""

    MOVED = "moved"
    """A file that lay elsewhere before."""
    ADDED = "added"
    """A file that a writer has brought."""
    MANIFEST = "manifest"
    LINK = "link"
    """A symbolic link to another artifact's folder."""


@dataclass(frozen=True)
class FolderEntry:
    """One path of an artifact's folder."""

    role: EntryRole
    path: str
    """Relative to the artifact repository, as `source` is."""
    sha256: str
    """Of the bytes in the checkout; of a link, of where it leads."""
    size: int
    mode: str = REGULAR
    blob: str = ""
    """Git's object; of a manifest, a link or an added file known once it is committed."""
    source: str = ""
    """Of a moved file: where it lay before."""
    leaves_source: bool = False
    """Of a moved file: whether the old path goes, as nobody claims it any more."""
    content: bytes | None = None
    """Of a manifest or link: the bytes. Of an added file: what git keeps in its place, where that differs."""
    replaced: bytes | None = None
    """Of a manifest: the bytes of the one that was there before."""
    staged: str = ""
    """Of an added file: the name of the staged file, in the folder of the writer that brought it."""
    standing: bool = False
    """Of an added file: whether it lay at its place before the batch, as its writer had put it there."""

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.role is EntryRole.LINK


def manifest_entry(path: str, content: bytes, *, replaced: bytes | None = None) -> FolderEntry:
    """The entry of a manifest, in place of another one if one is there."""
    return FolderEntry(
        EntryRole.MANIFEST, path, sha256_of(content), len(content), content=content, replaced=replaced
    )


def link_entry(path: str, target: str) -> FolderEntry:
    """The entry of a symbolic link."""
    content = target.encode()
    return FolderEntry(EntryRole.LINK, path, sha256_of(content), len(content), mode=SYMLINK, content=content)


def sha256_of(content: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(content).hexdigest()
