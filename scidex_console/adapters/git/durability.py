"""Everything written so far, onto the disk."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from scidex_console.domain.errors import Halt


def sync_file_systems(places: Iterable[Path]) -> None:
    """syncfs on the file systems of the given folders, each once. Raises `Halt` when the disk cannot take it.

    Without it a power cut loses commits that git has acknowledged, whatever git itself flushes.
    """
    done: set[int] = set()
    for place in places:
        device = place.stat().st_dev
        if device not in done:
            done.add(device)
            _sync(place)


def _sync(place: Path) -> None:
    if not sys.platform.startswith("linux"):
        os.sync()
        return
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise Halt(
                f"the disk did not take what was written: {os.strerror(number).lower()}",
                where=str(place),
                fix="make room or check the disk, then resume",
            )
    finally:
        os.close(descriptor)
