"""Walking to a file by its folders, one at a time, never through a symbolic link.

Each folder is opened relative to the one before it, so that a folder swapped for a link while we walk
cannot lead elsewhere: what is open stays what it was.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scidex_console.domain.errors import Halt, UnsafePath

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""Without O_NONBLOCK, a named pipe in the way would hang the open."""


def open_root(root: Path) -> int:
    """Descriptor of the folder that everything is relative to (links above it are the operator's).

    Raises `Halt` when it is gone: a checkout that is not mounted must not look like one without files.
    """
    try:
        return os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Halt("the folder is gone", where=str(root), fix="mount or restore it, then resume") from error


@contextmanager
def parent_of(
    root: Path, path: str, *, create: bool = False, flush: bool = True
) -> Iterator[tuple[int, str]]:
    """Descriptor of the folder that holds `path`, and the file's own name in it.

    With `create`, missing folders are made, and flushed unless somebody else sees to that. Raises
    `FileNotFoundError` when a folder is missing, `UnsafePath` when one is a symbolic link or no folder at
    all, other `OSError` as they come.
    """
    *folders, name = path.split("/")
    here = open_root(root)
    try:
        for depth, folder in enumerate(folders, start=1):
            deeper = _enter(here, folder, "/".join(folders[:depth]), create=create, flush=flush)
            os.close(here)
            here = deeper
        yield here, name
    finally:
        os.close(here)


def _enter(here: int, folder: str, shown: str, *, create: bool, flush: bool = True) -> int:
    try:
        return os.open(folder, _FOLDER, dir_fd=here)
    except FileNotFoundError:
        if not create:
            raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise UnsafePath(
                "a folder on the way is a symbolic link or a file",
                where=shown,
                fix="put a real folder there",
            ) from error
        raise
    # Somebody else may make the same folder meanwhile; then it is simply there.
    with suppress(FileExistsError):
        os.mkdir(folder, dir_fd=here)
        if flush:
            flush_folder(here)
    return _enter(here, folder, shown, create=False)


def open_regular(folder: int, name: str) -> int | None:
    """Descriptor for reading a regular file; None when there is none (a link, a folder, a pipe, nothing)."""
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV):
            return None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def flush_folder(folder: int) -> None:
    """fsync a folder, so that the names in it survive a power cut."""
    try:
        os.fsync(folder)
    except OSError as error:
        # Some network file systems cannot flush folders and say so; their names are durable at once.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
