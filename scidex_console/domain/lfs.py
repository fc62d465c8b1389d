"""Git LFS pointers: small text blobs that stand for a file kept elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

POINTER_LIMIT = 1024
"""Pointers are shorter than this, in bytes (Git LFS specification)."""

_POINTER = re.compile(
    rb"\Aversion https://git-lfs\.github\.com/spec/v1\n"
    rb"(?:[a-z0-9.-]+ [^\n]*\n)*?oid sha256:([0-9a-f]{64})\nsize (\d+)\n"
)


@dataclass(frozen=True)
class LfsPointer:
    """What a pointer says of the file it stands for."""

    sha256: str
    size: int
    """Bytes."""


def pointer_to(sha256: str, size: int) -> bytes:
    """The pointer that stands for a file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def read_pointer(content: bytes) -> LfsPointer | None:
    """What a pointer says; None when the content is none."""
    if len(content) >= POINTER_LIMIT:
        return None
    found = _POINTER.match(content)
    return LfsPointer(found[1].decode(), int(found[2])) if found else None


def pointer_oid(content: bytes) -> str | None:
    """sha256 of the file a pointer stands for; None when the content is no pointer."""
    pointer = read_pointer(content)
    return pointer.sha256 if pointer else None
