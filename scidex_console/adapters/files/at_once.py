"""Opening and reading files without ever waiting for a disk: only what the kernel has in memory already.

`openat2` with RESOLVE_CACHED (Linux 5.12) and reading with RWF_NOWAIT. Where either is missing, everything
counts as not in memory.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path
from typing import NoReturn

from scidex_console.domain.errors import UnsafePath
from scidex_console.engine.ports.reading import WouldWait

LARGEST = 64 << 10
"""Bytes that are read at once; more of them are worth a thread."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NUMBER = 437
"""Of the call; the same on all machines that Linux runs on today."""
_CACHED = 0x20
_BENEATH = 0x02 | 0x04 | 0x08
"""No link of /proc, no symbolic link, nothing above the root."""
_MISSING = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.E2BIG})
"""What a kernel says that does not know the call, or a sandbox that does not allow it."""
_NOWAIT: int | None = getattr(os, "RWF_NOWAIT", None)
_LED_AWAY = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EXDEV})


class _How(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("flags", "mode", "resolve")]


class Opener:
    """Opens what lies below a root."""

    def __init__(self, root: Path) -> None:
        self._root = os.fsencode(root)
        # Not through the loader that lets other threads run meanwhile: the call never waits.
        self._call = ctypes.PyDLL(None, use_errno=True).syscall if sys.platform == "linux" else None
        self._file = _How(_FILE, 0, _CACHED | _BENEATH)
        self._folder = _How(_FOLDER, 0, _CACHED | _BENEATH)
        self._top = _How(_FOLDER, 0, _CACHED)

    def file(self, path: str) -> int:
        """Descriptor of what lies at a path, whatever it is.

        Raises `WouldWait`, `FileNotFoundError`, `UnsafePath` for a symbolic link, other `OSError`.
        """
        return self._below(path, self._file)

    def folder(self, path: str) -> int:
        """Descriptor of a folder; the empty name stands for the root. Raises as `file` does."""
        return self._below(path or ".", self._folder)

    def _below(self, path: str, how: _How) -> int:
        top = self._open(-100, self._root, self._top)  # AT_FDCWD
        try:
            return self._open(top, os.fsencode(path), how)
        finally:
            os.close(top)

    def _open(self, above: int, path: bytes, how: _How) -> int:
        if self._call is None:
            raise WouldWait
        descriptor: int = self._call(
            ctypes.c_long(_NUMBER),
            ctypes.c_int(above),
            ctypes.c_char_p(path),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
        if descriptor < 0:
            self._failed(ctypes.get_errno(), path)
        return descriptor

    def _failed(self, error: int, path: bytes) -> NoReturn:
        if error in _MISSING:
            self._call = None
        if error in _MISSING or error == errno.EAGAIN:
            raise WouldWait
        shown = os.fsdecode(path)
        if error in _LED_AWAY:
            raise UnsafePath("a symbolic link or a file is on the way", where=shown)
        raise OSError(error, os.strerror(error), shown)


def bytes_in_memory(descriptor: int, offset: int, length: int) -> bytes | None:
    """Bytes of an open file, if all of them are in memory; else None. Fewer than asked for count as not."""
    if _NOWAIT is None:
        return None
    if not length:
        return b""
    room = bytearray(length)
    try:
        got = os.preadv(descriptor, [room], offset, _NOWAIT)
    except OSError:  # EAGAIN, or a file system that cannot tell: reading as usual says what is wrong
        return None
    return bytes(room) if got == length else None


def first_bytes(descriptor: int, size: int, limit: int) -> bytes:
    """The first bytes of a file of this size. Raises `WouldWait` unless they are few and all in memory."""
    length = min(size, limit)
    content = bytes_in_memory(descriptor, 0, length) if length <= LARGEST else None
    if content is None:
        raise WouldWait
    return content
