"""What could not be told to the database is laid aside in a file, a line each, until it can be."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_MOST = 1 << 20
"""Bytes: a database that is away for days must not fill the disk."""


class Shelf:
    """Implements the engine's `FailureShelf`: one file that all writers of a repository share."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, record: Mapping[str, Any]) -> None:
        """Lay a record aside; best effort: where the file cannot be written it is lost."""
        line = json.dumps(dict(record), ensure_ascii=True).encode() + b"\n"
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.fstat(descriptor).st_size + len(line) <= _MOST:
                    os.write(descriptor, line)
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def take(self) -> Sequence[Mapping[str, Any]]:
        """Everything that was laid aside, which is not here any more."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return ()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            lines = os.pread(descriptor, _MOST, 0).splitlines()
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)
        found: list[Mapping[str, Any]] = []
        for line in lines:
            with suppress(ValueError):  # a power cut may have cut the last line off
                said = json.loads(line)
                if isinstance(said, dict):
                    found.append(said)
        return found
