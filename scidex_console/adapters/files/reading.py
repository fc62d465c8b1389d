"""Files of the checkout for readers: opened without following any link, never written."""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from scidex_console.adapters.files.failures import halting
from scidex_console.adapters.files.walking import open_regular, parent_of
from scidex_console.domain.errors import UnsafePath
from scidex_console.domain.lfs import POINTER_LIMIT, read_pointer
from scidex_console.domain.paths import check_relative
from scidex_console.domain.reading.found import FileLook

_KEPT = 64
"""Folders whose names are kept."""


class CheckoutReading:
    """Implements the engine's `ReadableFiles` for the checkout at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._names: OrderedDict[str, tuple[tuple[int, int], tuple[str, ...]]] = OrderedDict()

    def look(self, path: str) -> FileLook | None:
        """A regular file; None when there is none."""
        with self._opened(path) as descriptor:
            if descriptor is None:
                return None
            found = os.fstat(descriptor)
            small = found.st_size < POINTER_LIMIT
            pointer = read_pointer(os.pread(descriptor, POINTER_LIMIT, 0)) if small else None
            return FileLook(found.st_size, found.st_mtime_ns, found.st_ino, pointer)

    def head(self, path: str, limit: int) -> bytes | None:
        """The first `limit` bytes of a file; None when there is none."""
        file = self.open(path)
        if file is None:
            return None
        with file, halting("a file cannot be read", where=path):
            return file.read(limit)

    def open(self, path: str) -> BinaryIO | None:
        """A file open for reading, which the caller closes; None when there is none."""
        with self._opened(path) as descriptor:
            return None if descriptor is None else os.fdopen(os.dup(descriptor), "rb")

    def names(self, folder: str) -> tuple[str, ...] | None:
        """Names of the regular files directly in a folder; the same tuple until the folder changes."""
        with self._folder(folder) as descriptor:
            if descriptor is None:
                return None
            found = os.fstat(descriptor)
            state = found.st_mtime_ns, found.st_ino
            known = self._names.get(folder)
            if known is None or known[0] != state:
                known = state, tuple(sorted(_regular(descriptor)))
            self._names[folder] = known
            self._names.move_to_end(folder)
            while len(self._names) > _KEPT:
                self._names.popitem(last=False)
            return known[1]

    def below(self, folder: str, limit: int) -> Sequence[str]:
        """Paths of the regular files anywhere below a folder, the shallow ones first."""
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
    def _opened(self, path: str) -> Iterator[int | None]:
        descriptor = None
        with halting("a file cannot be read", where=path):
            with suppress(FileNotFoundError, NotADirectoryError, UnsafePath):
                check_relative(path)
                with parent_of(self.root, path) as (folder, name):
                    descriptor = open_regular(folder, name)
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
                inner = f"{folder}/x" if folder else "x"
                with parent_of(self.root, inner) as (found, _):
                    descriptor = os.dup(found)
            try:
                yield descriptor
            finally:
                if descriptor is not None:
                    os.close(descriptor)


def _regular(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]


def _folders(folder: int) -> list[str]:
    return [name for name in os.listdir(folder) if _is_folder(folder, name)]


def _is_folder(folder: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return False
