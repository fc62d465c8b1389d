"""Where writers stage what they bring: a folder for each, which goes with it.

A writer keeps its folder locked while it lives, so that whoever comes later can tell what a killed one left.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scidex_console.adapters.files.failures import halting
from scidex_console.adapters.files.staging import StagingFolder

INCOMING = "incoming"
"""Name of the folder, beside the staging folder of engines."""
_LOCK = ".lock"


@contextmanager
def incoming(parent: Path) -> Iterator[StagingFolder]:
    """A staging folder of one's own in `parent`, gone with everything in it when the block ends.

    What killed writers have left goes first. Raises `Halt` when the disk is full or read-only.
    """
    with halting("the staging folder cannot be made", where=str(parent)):
        parent.mkdir(parents=True, exist_ok=True)
        clear(parent)
        lock = parent / f"{os.getpid()}-{uuid.uuid4().hex}{_LOCK}"
        # Made beside and renamed, so that nobody ever sees it without its lock.
        draft = lock.with_suffix(".new")
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with halting("the staging folder cannot be made", where=str(parent)):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.rename(lock)
        yield StagingFolder(lock.with_suffix(""))
    finally:
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        for path in (lock, draft):
            path.unlink(missing_ok=True)
        os.close(descriptor)


def clear(parent: Path) -> None:
    """Remove what killed writers have left in `parent`, as far as it can be removed."""
    for lock in parent.glob(f"*{_LOCK}"):
        with suppress(OSError):
            _clear(lock)


def _clear(lock: Path) -> None:
    """Remove what belongs to a lock that nobody holds any more."""
    descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
