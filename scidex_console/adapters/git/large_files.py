"""Git LFS objects of files that this program adds where the attributes ask for pointers.

Git LFS itself is not run: git gets the pointer, the object lies where Git LFS looks for it, and
`git lfs push` sends it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from scidex_console.adapters.git import worktree_file
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.failures import halting
from scidex_console.domain.errors import Refused

_CHUNK = 1 << 20


def keep(checkout: Checkout, path: str, sha256: str) -> None:
    """Copy a file of the checkout to where Git LFS keeps its object. Raises `Refused`, `Halt`."""
    place = _place(checkout, sha256)
    if place.is_file():
        return
    draft = place.with_name(f"{place.name}-{secrets.token_hex(8)}.part")
    with halting("a Git LFS object cannot be kept", where=place):
        place.parent.mkdir(parents=True, exist_ok=True)
        found = hashlib.sha256()
        try:
            with worktree_file.opened(checkout.worktree, path) as descriptor, draft.open("xb") as copy:
                for chunk in worktree_file.chunks(descriptor, path):
                    found.update(chunk)
                    copy.write(chunk)
                copy.flush()
                os.fsync(copy.fileno())
            if found.hexdigest() != sha256:
                raise worktree_file.mismatch(path)
            draft.rename(place)
        finally:
            draft.unlink(missing_ok=True)


def export(checkout: Checkout, sha256: str, write: Callable[[bytes], None]) -> None:
    """Hand the bytes of an object over in chunks. Raises `Refused` when it is not here."""
    try:
        with _place(checkout, sha256).open("rb") as kept:
            while chunk := kept.read(_CHUNK):
                write(chunk)
    except FileNotFoundError as error:
        raise Refused(
            "the Git LFS object is not here",
            where=sha256,
            fix="`git lfs fetch --all` in the artifact repository",
        ) from error


def _place(checkout: Checkout, sha256: str) -> Path:
    return checkout.common_dir / "lfs" / "objects" / sha256[:2] / sha256[2:4] / sha256
