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

_POLL_SECONDS = 0.01
_LOOK_SECONDS = 0.5
"""At least this long a taken lock is tried again: whoever looks after its holder has it for an instant."""


class FileLock:
    """One lock file. Not for two threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def take(self, text: str, *, wait: float = 0.0) -> bool:
        """Take the lock, trying for `wait` seconds; False when somebody else keeps it.

        Somebody who only looks (`holder`) does not keep it, and cannot make this fail.
        """
        with halting("making a lock", where=self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            if not self._wait_for(descriptor, max(wait, _LOOK_SECONDS)):
                os.close(descriptor)
                return False
            with halting("writing a lock", where=self.path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{text}\n".encode(), 0)
        except (Halt, RepositoryError):
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def _wait_for(self, descriptor: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not _locked(descriptor, self.path):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
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
        """Who holds it, in the holder's own words; None when nobody does.

        A lock that was given back is an empty file and is not touched. Text may be a killed holder's: then
        the kernel is asked, by taking the lock, shared, for an instant; `take` waits longer than that.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            text = os.read(descriptor, 500).decode("utf-8", "replace").strip()
            if not text or _locked(descriptor, self.path, shared=True):
                return None
            return text
        finally:
            os.close(descriptor)


def _locked(descriptor: int, path: Path, *, shared: bool = False) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise RepositoryError(
            f"the file system does not support locks: {error.strerror}",
            where=str(path),
            fix="keep the repository on a local file system",
        ) from error
    return True
