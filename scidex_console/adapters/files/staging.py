"""The staging folder: whole, flushed files that wait for their batch.

A file under way is named `<name>.part`; the name without it appears only when every byte is on disk. So
whatever a crash leaves behind can be told apart by its name alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from scidex_console.adapters.files.failures import as_halt, halting
from scidex_console.adapters.files.hashing import digest_of
from scidex_console.adapters.files.walking import flush_folder, open_regular, open_root
from scidex_console.domain.errors import Halt, UnsafePath
from scidex_console.domain.fetching import StagedFile
from scidex_console.engine.killpoints import reach

_PART = ".part"


class StagingFolder:
    """Staged files of one engine (`engine.ports.Staging`).

    `root` should be on the worktree's file system, so that placing a file is one link.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: set[str] = set()
        with halting("the staging folder cannot be made", where=str(root)):
            root.mkdir(parents=True, exist_ok=True)

    def create(self, artifact_id: str) -> StagedFileWriter:
        """Begin a file. Its name never repeats; the id's hash in it only helps a person who looks."""
        owner = hashlib.sha256(artifact_id.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        name = f"{owner}-{uuid.uuid4().hex}"
        writer = StagedFileWriter(self.root, name, self._open)
        self._open.add(name)
        return writer

    def holds(self, name: str, sha256: str) -> bool:
        """Whether the staged file is there and its bytes are the expected ones."""
        if not _is_final(name):
            return False
        with halting("a staged file cannot be read", where=str(self.root / name)):
            folder = open_root(self.root)
            try:
                descriptor = open_regular(folder, name)
                if descriptor is None:
                    return False
                try:
                    return digest_of(descriptor).sha256 == sha256
                finally:
                    os.close(descriptor)
            finally:
                os.close(folder)

    def discard(self, names: Collection[str]) -> None:
        """Remove staged files; missing ones are fine."""
        for name in names:
            if not _is_final(name):
                raise UnsafePath("not the name of a staged file", where=repr(name))
        with halting("staged files cannot be removed", where=str(self.root)):
            for name in names:
                (self.root / name).unlink(missing_ok=True)
                reach("files.staging.discarded")

    def names(self) -> frozenset[str]:
        """All finished staged files. Unfinished ones of a killed engine are removed by `sweep`."""
        with halting("the staging folder cannot be read", where=str(self.root)):
            return frozenset(entry.name for entry in os.scandir(self.root) if _is_final(entry.name))

    def sweep(self) -> int:
        """Remove unfinished files nobody writes any more; how many there were."""
        removed = 0
        with halting("the staging folder cannot be swept", where=str(self.root)):
            for part in self.root.glob(f"*{_PART}"):
                if part.name.removesuffix(_PART) not in self._open:
                    part.unlink(missing_ok=True)
                    removed += 1
        return removed


class StagedFileWriter:
    """One file being staged (`engine.ports.StagedWriter`). One of `finish` and `abandon` ends it."""

    _descriptor: int | None = None

    def __init__(self, root: Path, name: str, under_way: set[str]) -> None:
        self._root = root
        self._name = name
        self._under_way = under_way
        self._part = root / f"{name}{_PART}"
        self._hash = hashlib.sha256()
        self._size = 0
        with halting("a staged file cannot be begun", where=str(self._part)):
            self._descriptor = os.open(
                self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666
            )

    def write(self, chunk: bytes) -> None:
        """Append and hash. Raises `Halt` when the disk is full or read-only; the file is given up then."""
        if self._descriptor is None:
            raise RuntimeError("this staged file has ended")
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise self._given_up(error, needed=self._size + len(chunk)) from error
        self._hash.update(chunk)
        self._size += len(chunk)

    async def finish(self) -> StagedFile:
        """Flush to disk (fsync, in a thread) and give the file its final staging name."""
        return await asyncio.to_thread(self._finish)

    def _finish(self) -> StagedFile:
        if self._descriptor is None:
            raise RuntimeError("this staged file has ended")
        try:
            os.fsync(self._descriptor)
            reach("files.staging.flushed")
            self._part.rename(self._root / self._name)
            reach("files.staging.named")
            folder = open_root(self._root)
            try:
                flush_folder(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._given_up(error, needed=self._size) from error
        self._close()
        return StagedFile(name=self._name, sha256=self._hash.hexdigest(), size=self._size)

    def abandon(self) -> None:
        """Remove what was written. Harmless after the end."""
        if self._descriptor is None:
            return
        self._close()
        with halting("a staged file cannot be removed", where=str(self._part)):
            self._part.unlink(missing_ok=True)

    def _given_up(self, error: OSError, *, needed: int) -> Halt:
        """Free what the file took at once: on a full disk even that helps."""
        self._close()
        for name in (self._part, self._root / self._name):
            with suppress(OSError):
                name.unlink(missing_ok=True)
        return as_halt(error, "a file cannot be staged", where=str(self._root), bytes_needed=needed)

    def _close(self) -> None:
        self._under_way.discard(self._name)
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            # What close could report, fsync has reported already, or the file is being thrown away.
            with suppress(OSError):
                os.close(descriptor)

    def __del__(self) -> None:
        if self._descriptor is not None:
            self._close()


def _is_final(name: str) -> bool:
    return bool(name) and "/" not in name and not name.startswith(".") and not name.endswith(_PART)
