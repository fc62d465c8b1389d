"""Our own locks: `flock` on a file in the git directory, held by a process and gone with it.

The file's text tells others who holds it; the lock itself is the kernel's, so text left by a killed
process means nothing.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from scidex_console.adapters.git.failures import halting
from scidex_console.domain.errors import Halt, RepositoryError

_POLL_SECONDS = 0.05


class FileLock:
    """One lock file. Not for two threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self, text: str, *, wait: float = 0.0) -> bool:
        """Take the lock, trying for `wait` seconds; False when somebody else keeps it."""
        with halting("making a lock", where=self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        deadline = time.monotonic() + wait
        while not _locked(descriptor, self.path):
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return False
            time.sleep(_POLL_SECONDS)
        try:
            with halting("writing a lock", where=self.path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{text}\n".encode(), 0)
        except Halt:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back. The file stays, empty: removing it would let two processes hold two locks."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def replace(self) -> None:
        """Leave the lock to a holder that no longer answers: whoever takes it next locks another file.

        Only where something else keeps the old holder from writing, as the epoch does.
        """
        self.path.unlink(missing_ok=True)

    def holder(self) -> str | None:
        """Who holds it, in the holder's own words; None when nobody does."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            if _locked(descriptor, self.path, shared=True):
                return None
            return os.read(descriptor, 500).decode("utf-8", "replace").strip() or "an unnamed process"
        finally:
            os.close(descriptor)


def _locked(descriptor: int, path: Path, *, shared: bool = False) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        os.close(descriptor)
        raise RepositoryError(
            f"the file system does not support locks: {error.strerror}",
            where=str(path),
            fix="keep the repository on a local file system",
        ) from error
    return True
