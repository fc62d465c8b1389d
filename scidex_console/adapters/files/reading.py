"""Files of the checkout for readers: opened without following any link, never written."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from scidex_console.adapters.files.at_once import Opener, bytes_in_memory, first_bytes
from scidex_console.adapters.files.failures import halting
from scidex_console.adapters.files.walking import open_regular, parent_of
from scidex_console.domain.errors import UnsafePath
from scidex_console.domain.lfs import POINTER_LIMIT, read_pointer
from scidex_console.domain.paths import check_relative
from scidex_console.domain.reading.found import FileLook
from scidex_console.engine.ports.reading import WouldWait

_KEPT = 64
"""Folders whose names are kept."""
_TICK_NS = 20_000_000
"""Many file systems stamp a change with a clock that ticks every 4 or 10 ms: what changes again within a tick
bears the same time, so that names read so soon after a change cannot be told from those after the next."""


class CheckoutReading:
    """Implements the engine's `ReadableFiles` for the checkout at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._opener = Opener(root)
        self._thread = threading.local()
        self._names: OrderedDict[str, tuple[tuple[int, int], tuple[str, ...]]] = OrderedDict()

    def look(self, path: str) -> FileLook | None:
        """A regular file; None when there is none."""
        with self._opened(path) as descriptor:
            if descriptor is None:
                return None
            found = os.fstat(descriptor)
            pointer = None
            if found.st_size < POINTER_LIMIT:
                pointer = read_pointer(self._first(descriptor, found.st_size, POINTER_LIMIT))
            return FileLook(found.st_size, found.st_mtime_ns, found.st_ino, pointer)

    def head(self, path: str, limit: int) -> bytes | None:
        """The first `limit` bytes of a file; None when there is none."""
        with self._opened(path) as descriptor:
            if descriptor is None:
                return None
            return self._first(descriptor, os.fstat(descriptor).st_size, limit)

    def open(self, path: str) -> BinaryIO | None:
        """A file open for reading, which the caller closes; None when there is none."""
        with self._opened(path) as descriptor:
            return None if descriptor is None else os.fdopen(os.dup(descriptor), "rb")

    def at_hand(self, file: BinaryIO, offset: int, length: int) -> bytes | None:
        """Bytes of an open file if all of them are in memory, else None. Never waits."""
        return bytes_in_memory(file.fileno(), offset, length)

    def names(self, folder: str) -> tuple[str, ...] | None:
        """Names of the regular files directly in a folder; the same tuple until the folder changes."""
        with self._folder(folder) as descriptor:
            if descriptor is None:
                return None
            found = os.fstat(descriptor)
            state = found.st_mtime_ns, found.st_ino
            known = self._names.get(folder)
            if known is None or known[0] != state:
                if self._hurries:
                    raise WouldWait
                looked_at = time.time_ns()
                known = state, tuple(sorted(_regular(descriptor)))
                if looked_at - found.st_mtime_ns < _TICK_NS:
                    return known[1]
            self._names[folder] = known
            self._names.move_to_end(folder)
            while len(self._names) > _KEPT:
                self._names.popitem(last=False)
            return known[1]

    def below(self, folder: str, limit: int) -> Sequence[str]:
        """Paths of the regular files anywhere below a folder, the shallow ones first."""
        if self._hurries:
            raise WouldWait
        found: list[str] = []
        waiting = [folder]
        while waiting and len(found) < limit:
            here = waiting.pop(0)
            with self._folder(here) as descriptor:
                if descriptor is None:
                    continue
                found += (f"{here}/{name}" for name in sorted(_regular(descriptor)))
                waiting += (f"{here}/{name}" for name in sorted(_folders(descriptor)) if name != ".git")
        return found[:limit]

    @contextmanager
    def without_waiting(self) -> Iterator[None]:
        """Within it, this thread's calls raise `WouldWait` instead of waiting for a disk."""
        before, self._thread.hurries = self._hurries, True
        try:
            yield
        finally:
            self._thread.hurries = before

    @property
    def _hurries(self) -> bool:
        return getattr(self._thread, "hurries", False)

    def _first(self, descriptor: int, size: int, limit: int) -> bytes:
        if self._hurries:
            return first_bytes(descriptor, size, limit)
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read(limit)

    @contextmanager
    def _opened(self, path: str) -> Iterator[int | None]:
        descriptor = None
        with halting("a file cannot be read", where=path):
            with suppress(FileNotFoundError, NotADirectoryError, UnsafePath):
                check_relative(path)
                descriptor = self._opener.file(path) if self._hurries else self._walked_to(path)
                if descriptor is not None and not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    os.close(descriptor)
                    descriptor = None
            try:
                yield descriptor
            finally:
                if descriptor is not None:
                    os.close(descriptor)

    @contextmanager
    def _folder(self, folder: str) -> Iterator[int | None]:
        """A folder open for listing; the empty name stands for the root."""
        descriptor = None
        with halting("a folder cannot be read", where=folder):
            with suppress(FileNotFoundError, NotADirectoryError, UnsafePath):
                if folder:
                    check_relative(folder)
                descriptor = self._opener.folder(folder) if self._hurries else self._walked_into(folder)
            try:
                yield descriptor
            finally:
                if descriptor is not None:
                    os.close(descriptor)

    def _walked_to(self, path: str) -> int | None:
        with parent_of(self.root, path) as (folder, name):
            return open_regular(folder, name)

    def _walked_into(self, folder: str) -> int:
        with parent_of(self.root, f"{folder}/x" if folder else "x") as (found, _):
            return os.dup(found)


def _regular(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]


def _folders(folder: int) -> list[str]:
    return [name for name in os.listdir(folder) if _is_folder(folder, name)]


def _is_folder(folder: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return False
