"""Files that writers bring, copied into their staging folder: regular ones, and no link is followed."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from scidex_console.adapters.files.staging import StagedFileWriter, StagingFolder
from scidex_console.domain.errors import Refused, UnsafePath

_CHUNK = 1 << 20
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""Without O_NONBLOCK, a named pipe would hang the open."""


def stage(staging: StagingFolder, path: Path) -> StagedFileWriter:
    """Copy a file into the staging folder; the caller finishes or abandons what it gets. Blocks.

    Raises `Refused` when it is not there, no regular file, not readable, or changes meanwhile; `UnsafePath`
    for a symbolic link; `Halt` when the disk is full.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise _trouble(path, error) from error
    except ValueError as error:
        raise Refused("this is no path", where=repr(str(path)), fix="name a file") from error
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise Refused("this is no regular file", where=str(path), fix="name files one by one")
        writer = staging.create(path.name)
        try:
            while chunk := os.read(descriptor, _CHUNK):
                writer.write(chunk)
            after = os.fstat(descriptor)
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise Refused(
                    "the file changed while it was read", where=str(path), fix="finish writing it first"
                )
        except OSError as error:
            writer.abandon()
            raise _trouble(path, error) from error
        except BaseException:
            writer.abandon()
            raise
        return writer
    finally:
        os.close(descriptor)


def lies_at(path: Path, worktree: Path) -> str:
    """Where a file lies in the checkout, relative to it, with forward slashes; empty: somewhere else."""
    try:
        real = path.parent.resolve(strict=True) / path.name
        return real.relative_to(worktree.resolve(strict=True)).as_posix()
    except (OSError, ValueError):
        return ""


def _trouble(path: Path, error: OSError) -> Refused | UnsafePath:
    if error.errno == errno.ELOOP:
        return UnsafePath("this is a symbolic link", where=str(path), fix="name the file it leads to")
    return Refused(
        f"the file cannot be read: {error.strerror}", where=str(path), fix="check the path and its rights"
    )
