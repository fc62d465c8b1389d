"""Git LFS pointers: small text blobs that stand for a file kept elsewhere."""

from __future__ import annotations

import re

POINTER_LIMIT = 1024
"""Pointers are shorter than this, in bytes (Git LFS specification)."""

_POINTER = re.compile(
    rb"\Aversion https://git-lfs\.github\.com/spec/v1\n"
    rb"(?:[a-z0-9.-]+ [^\n]*\n)*?oid sha256:([0-9a-f]{64})\nsize \d+\n"
)


def pointer_oid(content: bytes) -> str | None:
    """sha256 of the file a pointer stands for; None when the content is no pointer."""
    if len(content) >= POINTER_LIMIT:
        return None
    found = _POINTER.match(content)
    return found.group(1).decode() if found else None
