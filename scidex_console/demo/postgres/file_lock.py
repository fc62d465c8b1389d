"""One holder at a time among processes and threads, by a lock the operating system drops when one dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scidex_console.demo.postgres.errors import EmbeddedPostgresError

_PAUSE = 0.02  # seconds between attempts


@contextmanager
def file_lock(path: Path, patience: float) -> Iterator[None]:
    """Hold an exclusive lock on the file, which may be removed by its holder.

    Waits `patience` seconds for another holder, then raises EmbeddedPostgresError.
    """
    deadline = time.monotonic() + patience
    descriptor = _open_locked(path, deadline)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # said aloud: a forked child may still hold a copy
        os.close(descriptor)


def _open_locked(path: Path, deadline: float) -> int:
    while True:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue  # its folder was removed this very moment
        try:
            _lock(descriptor, path, deadline)
            if _is_open_on(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the holder we waited for removed the file: the next one is the lock


def _lock(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    "another process has been starting or stopping the embedded server for too long",
                    where=str(path),
                    fix="wait for it, or end that process",
                ) from None
        time.sleep(_PAUSE)


def _is_open_on(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
