"""Files as they are sent: open, with the hash of their bytes, which is their tag."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from scidex_console.engine.ports.reading import ReadableFiles, WouldWait

HASHED_UP_TO = 256 << 20
"""Bytes. A larger file is told apart by its inode, size and times, and is never said to be immutable."""
_HASHED_AT_ONCE = 64 << 10
_KEPT_HASHES = 20_000
_CHUNK = 1 << 20

_State = tuple[int, int, int, int, int]


@dataclass
class Opened:
    """A file open for reading. Whatever happens to its path, these are the bytes that will be sent."""

    files: ReadableFiles
    """Where it is from."""
    file: BinaryIO
    size: int
    modified: datetime
    sha256: str
    """Empty for a file too large to be hashed."""
    etag: str

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the file; fewer only if somebody has cut it short."""
        return os.pread(self.file.fileno(), length, offset)

    async def bytes(self, offset: int, length: int) -> bytes:
        """The same, for who must not block: on the spot if they are in memory, else from a thread."""
        at_hand = self.files.at_hand(self.file, offset, length)
        return await asyncio.to_thread(self.read, offset, length) if at_hand is None else at_hand

    def close(self) -> None:
        """Let it go."""
        self.file.close()


class Content:
    """Opens files of the checkout, and remembers their hashes as long as they stay what they are."""

    def __init__(self, files: ReadableFiles) -> None:
        self._files = files
        self._hashes: OrderedDict[_State, str] = OrderedDict()
        self._lock = threading.Lock()

    async def opened(self, path: str) -> Opened | None:
        """As `open`, for who must not block: on the spot if the file is in memory, else in a thread."""
        try:
            with self._files.without_waiting():
                return self.open(path, waits=False)
        except WouldWait:
            return await asyncio.to_thread(self.open, path)

    async def told(self, path: str, size: int) -> str:
        """The hash of a file's bytes, if it is of that size; empty when it is not told."""
        if size > HASHED_UP_TO or (opened := await self.opened(path)) is None:
            return ""
        opened.close()
        return opened.sha256 if opened.size == size else ""

    def open(self, path: str, *, waits: bool = True) -> Opened | None:
        """The regular file at a path in the repository; None when there is none.

        Raises `WouldWait` with `waits` off, where its hash is not known and cannot be told at once.
        """
        file = self._files.open(path)
        if file is None:
            return None
        try:
            found = os.fstat(file.fileno())
            state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            sha256 = self._hash(file, state, waits=waits)
            etag = f'"{sha256}"' if sha256 else '"' + "-".join(f"{each:x}" for each in state[1:]) + '"'
            modified = datetime.fromtimestamp(int(found.st_mtime), UTC)
            return Opened(self._files, file, found.st_size, modified, sha256, etag)
        except BaseException:
            file.close()
            raise

    def _hash(self, file: BinaryIO, state: _State, *, waits: bool) -> str:
        with self._lock:
            if known := self._hashes.get(state):
                self._hashes.move_to_end(state)
                return known
        if state[2] > HASHED_UP_TO:
            return ""
        told = _hash_of(file) if waits else self._hash_at_hand(file, state[2])
        with self._lock:
            self._hashes[state] = told
            while len(self._hashes) > _KEPT_HASHES:
                self._hashes.popitem(last=False)
        return told

    def _hash_at_hand(self, file: BinaryIO, size: int) -> str:
        content = self._files.at_hand(file, 0, size) if size <= _HASHED_AT_ONCE else None
        if content is None:
            raise WouldWait
        return hashlib.sha256(content).hexdigest()


def _hash_of(file: BinaryIO) -> str:
    digest, offset = hashlib.sha256(), 0
    while chunk := os.pread(file.fileno(), _CHUNK, offset):
        digest.update(chunk)
        offset += len(chunk)
    return digest.hexdigest()
