"""What lies on the disk, for checking the store: bytes as they are, no link followed, nothing changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from scidex_console.adapters.files.staging import _PART
from scidex_console.adapters.files.walking import open_regular, parent_of
from scidex_console.domain.errors import UnsafePath
from scidex_console.engine.verification.disk_facts import FileFact, Presence, StagingFact

_CHUNK = 1 << 20
_THREADS = min(8, 2 * (os.cpu_count() or 1))


class DiskFacts:
    """Implements the verification's `DiskSource`.

    `object_format` is how git names objects (`sha1` or `sha256`); `pointer_of` says what a file of fewer than
    `pointer_limit` bytes stands for when it is a pointer to another one.
    """

    def __init__(
        self,
        artifacts: Path,
        *,
        outer: Path | None,
        staging: Path,
        object_format: str,
        pointer_of: Callable[[bytes], str | None],
        pointer_limit: int,
    ) -> None:
        self._artifacts = artifacts
        self._outer = outer
        self._staging = staging
        self._format = object_format
        self._pointer_of = pointer_of
        self._pointer_limit = pointer_limit

    def artifacts(self, paths: Collection[str]) -> Mapping[str, FileFact]:
        """Files of the artifact checkout."""
        return self._read(self._artifacts, paths)

    def below(self, folders: Collection[str]) -> Mapping[str, Collection[str]]:
        """Everything below each of these folders that is there, relative to it; no link is followed."""
        ordered = sorted(folders)
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="verify") as threads:
            found = threads.map(lambda folder: _listed(self._artifacts / folder), ordered)
            return {folder: names for folder, names in zip(ordered, found, strict=True) if names is not None}

    def outside(self, paths: Collection[str]) -> Mapping[str, FileFact] | None:
        """Files of the outer checkout; None when there is none."""
        return None if self._outer is None else self._read(self._outer, paths)

    def staging(self) -> StagingFact:
        """Names in the staging folder; a folder that was never made is empty."""
        try:
            names = frozenset(path.name for path in self._staging.iterdir())
        except FileNotFoundError:
            names = frozenset()
        unfinished = frozenset(name for name in names if name.endswith(_PART))
        return StagingFact(names - unfinished, unfinished)

    def _read(self, root: Path, paths: Collection[str]) -> Mapping[str, FileFact]:
        ordered = sorted(paths)
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="verify") as threads:
            return dict(zip(ordered, threads.map(partial(self._look, root), ordered), strict=True))

    def _look(self, root: Path, path: str) -> FileFact:
        try:
            with parent_of(root, path) as (folder, name):
                descriptor = open_regular(folder, name)
                if descriptor is None:
                    return self._unopened(folder, name)
                try:
                    return self._hashed(descriptor)
                finally:
                    os.close(descriptor)
        except FileNotFoundError:
            return FileFact(Presence.MISSING)
        except UnsafePath:
            return FileFact(Presence.LINK)
        except OSError as error:
            return FileFact(Presence.UNREADABLE, why=error.strerror or str(error))

    def _unopened(self, folder: int, name: str) -> FileFact:
        kind = _kind(folder, name)
        if kind is not Presence.LINK:
            return FileFact(kind)
        target = os.readlink(name, dir_fd=folder)
        content = os.fsencode(target)
        blob = self._object_name(len(content))
        blob.update(content)
        return FileFact(kind, hashlib.sha256(content).hexdigest(), blob.hexdigest(), target=target)

    def _object_name(self, size: int) -> hashlib._Hash:
        return hashlib.new(self._format, f"blob {size}\0".encode(), usedforsecurity=False)

    def _hashed(self, descriptor: int) -> FileFact:
        size = os.fstat(descriptor).st_size
        sha256 = hashlib.sha256()
        blob = self._object_name(size)
        offset, first = 0, b""
        while chunk := os.pread(descriptor, _CHUNK, offset):
            first = first or chunk
            offset += len(chunk)
            sha256.update(chunk)
            blob.update(chunk)
        stands_for = self._pointer_of(first) if size < self._pointer_limit else None
        return FileFact(Presence.FILE, sha256.hexdigest(), blob.hexdigest(), stands_for or "")


def _kind(folder: int, name: str) -> Presence:
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISLNK(mode):
        return Presence.LINK
    return Presence.FOLDER if stat.S_ISDIR(mode) else Presence.OTHER


def _listed(folder: Path) -> list[str] | None:
    """Relative paths of everything below a folder; None when there is no such folder."""
    if folder.is_symlink() or not folder.is_dir():
        return None
    found: list[str] = []
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        with suppress(FileNotFoundError), os.scandir(folder / inner) as entries:
            for entry in entries:
                path = f"{inner}/{entry.name}" if inner else entry.name
                found.append(path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
    return found
