"""Reading a file of the worktree for a commit: the very bytes that were checked, or none."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scidex_console.domain.errors import Halt, Refused, UnsafePath

_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@contextmanager
def opened(worktree: Path, path: str) -> Iterator[int]:
    """Descriptor of the regular file at `path`, reached without following any symbolic link.

    Raises `Refused` when there is none, `UnsafePath` when a link is on the way, `Halt` when it is unreadable.
    """
    try:
        descriptor = _descend(worktree, path)
    except FileNotFoundError as error:
        raise Refused("the file to commit is not in the worktree", where=path) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise UnsafePath("the path leads through a symbolic link or a file", where=path) from error
        raise Halt(f"the file to commit cannot be read: {error.strerror}", where=path) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused("is not a regular file", where=path)
        yield descriptor
    finally:
        os.close(descriptor)


def chunks(descriptor: int, path: str) -> Iterator[bytes]:
    """The file's bytes from its beginning. Raises `Halt` when the disk fails."""
    offset = 0
    while True:
        try:
            chunk = os.pread(descriptor, _CHUNK, offset)
        except OSError as error:
            raise Halt(f"the file to commit cannot be read: {error.strerror}", where=path) from error
        if not chunk:
            return
        offset += len(chunk)
        yield chunk


def require(worktree: Path, path: str, sha256: str) -> None:
    """Raise `Refused` unless the file at `path` has the expected bytes."""
    with opened(worktree, path) as descriptor:
        hashing = hashlib.sha256()
        for chunk in chunks(descriptor, path):
            hashing.update(chunk)
        if hashing.hexdigest() != sha256:
            raise mismatch(path)


def mismatch(path: str) -> Refused:
    """The refusal of a file whose bytes are not the expected ones."""
    return Refused(
        "the file to commit has other bytes than were expected",
        where=path,
        fix="somebody changed it; see what it is before retrying",
    )


@contextmanager
def folder_of(worktree: Path, path: str) -> Iterator[tuple[int, str]]:
    """Descriptor of the folder that holds `path`, and the file's own name. Raises `OSError` as it comes."""
    *folders, name = path.split("/")
    here = os.open(worktree, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            deeper = os.open(folder, _FOLDER, dir_fd=here)
            os.close(here)
            here = deeper
        yield here, name
    finally:
        os.close(here)


def size(worktree: Path, path: str) -> int:
    """Bytes of the file at `path`; 0 when there is none."""
    try:
        with folder_of(worktree, path) as (folder, name):
            return os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
    except OSError:
        return 0


def present(worktree: Path, path: str) -> bool:
    """Whether anything at all is at `path`."""
    try:
        with folder_of(worktree, path) as (folder, name):
            os.stat(name, dir_fd=folder, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise Halt(f"the path cannot be looked at: {error.strerror}", where=path) from error
    return True


def _descend(worktree: Path, path: str) -> int:
    with folder_of(worktree, path) as (folder, name):
        return os.open(name, _FILE, dir_fd=folder)
