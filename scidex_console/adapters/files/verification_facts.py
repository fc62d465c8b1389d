"""What lies on the disk, for checking the store: bytes as they are, no link followed, nothing changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
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
        root = str(self._artifacts)
        found = ((folder, _listed(root, folder)) for folder in sorted(folders))
        return {folder: names for folder, names in found if names is not None}

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
        by_folder: dict[str, list[str]] = {}
        for path in sorted(paths):
            by_folder.setdefault(path.rpartition("/")[0], []).append(path)
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="verify") as threads:
            found = threads.map(partial(self._look_into, root), by_folder.values())
            return {path: fact for facts in found for path, fact in facts}

    def _look_into(self, root: Path, paths: Sequence[str]) -> list[tuple[str, FileFact]]:
        """Files of one folder, which is walked to once."""
        try:
            with parent_of(root, paths[0]) as (folder, _):
                return [(path, self._look(folder, path.rpartition("/")[2])) for path in paths]
        except FileNotFoundError:
            fact = FileFact(Presence.MISSING)
        except UnsafePath:
            fact = FileFact(Presence.LINK)
        except OSError as error:
            fact = FileFact(Presence.UNREADABLE, why=error.strerror or str(error))
        return [(path, fact) for path in paths]

    def _look(self, folder: int, name: str) -> FileFact:
        try:
            descriptor = open_regular(folder, name)
            if descriptor is None:
                return self._unopened(folder, name)
            try:
                return self._hashed(descriptor)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return FileFact(Presence.MISSING)
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


def _listed(root: str, folder: str) -> list[str] | None:
    """Relative paths of everything below a folder; None when there is no such folder."""
    top = f"{root}/{folder}"
    try:
        if not stat.S_ISDIR(os.lstat(top).st_mode):
            return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    found: list[str] = []
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        with suppress(FileNotFoundError, PermissionError), os.scandir(f"{top}/{inner}") as entries:
            for entry in entries:
                found.append(f"{inner}{entry.name}")
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{inner}{entry.name}/")
    return found
