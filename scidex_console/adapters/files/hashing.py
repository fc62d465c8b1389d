"""sha256 of what is open, and whether a name still leads to it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Digest:
    """What a file held while it was read."""

    sha256: str
    size: int
    """Bytes."""


def digest_of(descriptor: int) -> Digest:
    """Hash an open file from its beginning, whatever its read position is."""
    hashing = hashlib.sha256()
    size = 0
    while chunk := os.pread(descriptor, _CHUNK, size):
        hashing.update(chunk)
        size += len(chunk)
    return Digest(hashing.hexdigest(), size)


def leads_to(folder: int, name: str, descriptor: int) -> bool:
    """Whether the name still stands for the file that is open (same device and inode, unchanged since)."""
    opened = os.fstat(descriptor)
    try:
        named = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino, named.st_size, named.st_mtime_ns) == (
        opened.st_dev,
        opened.st_ino,
        opened.st_size,
        opened.st_mtime_ns,
    )
