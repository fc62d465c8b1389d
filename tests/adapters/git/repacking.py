"""A repack at work, looked at from outside."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def noise(count: int) -> list[bytes]:
    """Contents that do not compress: with a few hundred of them repacking takes seconds."""
    source = random.Random(5)
    return [source.randbytes(60_000) for _ in range(count)]


def objects(git_dir: Path) -> set[str]:
    """Every file of the repository's objects."""
    folder = git_dir / "objects"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def trace(git_dir: Path) -> Path:
    """Where a repack at work says so."""
    return git_dir / "scidex-console/repack.json"


def until(look: Callable[[], T | None]) -> T:
    """What it finds at last."""
    for _ in range(3000):
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come to that within half a minute")


def group_at_work(git_dir: Path) -> int:
    """The group of git's processes, once they search for deltas."""

    def look() -> int | None:
        with suppress(OSError, ValueError):
            group = int(json.loads(trace(git_dir).read_text())["group"])
            return group if any("pack-objects" in words for words in members(group).values()) else None
        return None

    return until(look)


def members(group: int) -> dict[int, str]:
    """Living processes of a group, with their command lines."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, of = stat.read_text().rpartition(")")[2].split()[:3]
            if int(of) == group and state != "Z":
                found[int(stat.parent.name)] = (stat.parent / "cmdline").read_text()
    return found
