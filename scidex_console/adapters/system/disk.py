"""How much room a file system has left."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from scidex_console.domain.errors import Unreachable


@dataclass(frozen=True)
class DiskSpace:
    """Room on the file system that holds a path."""

    free_bytes: int
    """What an ordinary user may still write; blocks reserved for root are not counted."""
    total_bytes: int
    free_files: int | None
    """How many files may still be created; None where the file system does not limit them."""
    read_only: bool


def space(path: Path) -> DiskSpace:
    """Room at `path`, or at the nearest folder above it that exists. Raises `Unreachable`."""
    try:
        found = os.statvfs(_existing(path))
    except OSError as error:
        raise Unreachable(
            f"the file system cannot be asked: {error.strerror}",
            where=str(path),
            fix="check that it is mounted and readable",
        ) from error
    return DiskSpace(
        free_bytes=found.f_bavail * found.f_frsize,
        total_bytes=found.f_blocks * found.f_frsize,
        free_files=found.f_favail if found.f_files else None,
        read_only=bool(found.f_flag & os.ST_RDONLY),
    )


def same_file_system(one: Path, other: Path) -> bool:
    """Whether a file can be linked from one place to the other (judged by the nearest existing folder)."""
    return _existing(one).stat().st_dev == _existing(other).stat().st_dev


def _existing(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place
