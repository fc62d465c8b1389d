"""Making a file appear whole and at once where it cannot be linked."""

from __future__ import annotations

import errno
import os

from scidex_console.domain.errors import Halt

_CHUNK = 1 << 20
_UNSUPPORTED = frozenset({errno.ENOTSUP, errno.EISDIR, errno.ENOENT, errno.EINVAL})


def appear_by_copy(source: int, folder: int, name: str, *, mode: int | None = None) -> None:
    """Copy an open file into `folder` under `name`, flushed, without ever replacing a file.

    The copy has no name until it is whole (O_TMPFILE, Linux), so a crash leaves nothing behind. Raises
    `FileExistsError`, `Halt` where the system cannot do this, and other `OSError` as they come.
    """
    nameless = getattr(os, "O_TMPFILE", None)
    if nameless is None:
        raise _unable()
    try:
        copy = os.open(".", os.O_WRONLY | nameless | os.O_CLOEXEC, 0o666, dir_fd=folder)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            raise _unable() from error
        raise
    try:
        offset = 0
        while chunk := os.pread(source, _CHUNK, offset):
            offset += len(chunk)
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(copy, rest) :]
        if mode is not None:
            os.fchmod(copy, mode)
        os.fsync(copy)
        os.link(f"/proc/self/fd/{copy}", name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(copy)


def _unable() -> Halt:
    return Halt(
        "a file cannot be placed: the staging folder is on another file system",
        fix="put the staging folder on the worktree's file system",
    )
