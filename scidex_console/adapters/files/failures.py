"""The operating system's errors, translated once into the domain's."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from scidex_console.domain.errors import Halt

_FIXES = {
    errno.ENOSPC: "make room (or free inodes) on this file system, then resume",
    errno.EDQUOT: "raise the quota or make room, then resume",
    errno.EROFS: "mount the file system writable again, then resume",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f), then resume",
    errno.EIO: "the disk fails: check it and its cables before resuming",
    errno.EACCES: "give this user the right to write here, then resume",
    errno.EPERM: "give this user the right to write here, then resume",
    errno.EMFILE: "raise the limit on open files (ulimit -n), then resume",
    errno.ENFILE: "the machine has too many open files; close some, then resume",
}

_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def as_halt(error: OSError, doing: str, *, where: str, bytes_needed: int | None = None) -> Halt:
    """The `Halt` that stands for an error of the file system; `bytes_needed` only where room is missing."""
    words = (error.strerror or str(error)).lower()
    return Halt(
        f"{doing}: {words}",
        where=where,
        fix=_FIXES.get(error.errno or 0, "mend the file system, then resume"),
        bytes_needed=bytes_needed if error.errno in _ROOM else None,
    )


@contextmanager
def halting(doing: str, *, where: str, bytes_needed: int | None = None) -> Iterator[None]:
    """Turn any error of the operating system inside the block into `Halt`."""
    try:
        yield
    except OSError as error:
        raise as_halt(error, doing, where=where, bytes_needed=bytes_needed) from error
