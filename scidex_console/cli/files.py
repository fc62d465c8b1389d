"""Changing a person's file so that it is never half written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from scidex_console.domain.errors import ConsoleError, Refused


def read_text(path: Path) -> str:
    """The file's text, every byte kept. Raises `ConsoleError` when it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8", errors="surrogateescape")
    except OSError as error:
        raise ConsoleError(
            f"cannot be read: {error.strerror}", where=str(path), fix="name an existing file"
        ) from error


def replace_text(path: Path, before: str, after: str) -> None:
    """Put `after` in the place of `before`, whole or not at all, with the file's mode.

    Raises `Refused` when the file is no longer as it was read.
    """
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after.encode("utf-8", errors="surrogateescape"))
            os.fchmod(file.fileno(), target.stat().st_mode & 0o7777)
            file.flush()
            os.fsync(file.fileno())
        if read_text(target) != before:
            raise Refused("the file has changed meanwhile", where=str(path), fix="run the command again")
        Path(name).replace(target)
    except OSError as error:
        raise ConsoleError(f"cannot be written: {error.strerror}", where=str(path)) from error
    finally:
        Path(name).unlink(missing_ok=True)
