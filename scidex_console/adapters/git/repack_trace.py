"""The trace of a repack at work: what to end, and what to tidy up, when it did not come to its end.

Git's processes outlive ours when ours is killed, and what git had half done stays when git is killed. The
trace tells the next repack which processes these are and what was there before. Nothing that somebody else
may need is removed. (Old packs that had lost their index already are taken away by git's next repack.)
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scidex_console.adapters.git import unfinished
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.failures import halting

_DRAFTS = (
    "pack/tmp_*",
    "pack/multi-pack-index*",
    "info/packs_*",
    "info/tmp_graph_*",
    "info/commit-graph.lock",
)
"""What git writes before it has its name, in the folder of the objects; and what helps a repack alone."""
_END_S = 10.0
_POLL_S = 0.02
_PROCESSES = Path("/proc")


@contextmanager
def traced(checkout: Checkout) -> Iterator[Trace]:
    """Leave a trace while the block is at work. If it does not come to its end, tidy up after it."""
    trace = Trace(checkout)
    trace.begin()
    try:
        yield trace
    except BaseException:
        trace.settle()
        raise
    trace.path.unlink(missing_ok=True)


class Trace:
    """What one repack writes down about itself. For whoever holds the lock of maintenance."""

    def __init__(self, checkout: Checkout) -> None:
        self._objects = checkout.common_dir / "objects"
        self.path = checkout.own_dir / "repack.json"
        self._before: list[str] = []

    def begin(self) -> None:
        """Write down what is there before."""
        self._before = sorted(map(self._name, self._drafts()))
        self._write(0)

    def led_by(self, process: int) -> None:
        """Git's process, which leads a group of its own."""
        self._write(process)

    def settle(self) -> None:
        """End and tidy up what a repack has left; nothing where none has left anything."""
        try:
            told = json.loads(self.path.read_text())
            group, drafts = told["group"], set(told["drafts"])
        except (OSError, ValueError, TypeError, KeyError):
            self.path.unlink(missing_ok=True)
            return
        if group:
            _end(group)
            self._remove_own(f".tmp-{group}-")
        left = {path for path in self._drafts() if self._name(path) not in drafts}
        unfinished.remove_unopened(left)
        self.path.unlink(missing_ok=True)

    def _write(self, group: int) -> None:
        told = {"group": group, "drafts": self._before}
        with halting("beginning to repack", where=self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps(told))
            fresh.replace(self.path)

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._objects))

    def _drafts(self) -> Iterator[Path]:
        for pattern in _DRAFTS:
            yield from self._objects.glob(pattern)

    def _remove_own(self, prefix: str) -> None:
        """The new pack, also where it has got its own name in part: its index would have been the last."""
        folder = self._objects / "pack"
        for index in folder.glob(f"{prefix}*.idx"):
            if not (folder / index.name.removeprefix(prefix)).exists():
                for path in folder.glob(f"{index.stem.removeprefix(prefix)}.*"):
                    path.unlink(missing_ok=True)
        for path in folder.glob(f"{prefix}*"):
            path.unlink(missing_ok=True)


def _end(group: int) -> None:
    """End the group's processes that are git's, and wait until they have let go of their files."""
    until = time.monotonic() + _END_S
    while (members := _members(group)) and time.monotonic() < until:
        for member in members:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(member, signal.SIGKILL)
        time.sleep(_POLL_S)


def _members(group: int) -> list[int]:
    """Git's processes of a group that are still alive. (A number is not given anew while its group lives.)"""
    found = []
    for stat in _PROCESSES.glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            head, _, rest = stat.read_text(errors="replace").rpartition(")")
            state, _, of_group = rest.split()[:3]
            if int(of_group) == group and state not in "ZX" and head.rpartition("(")[2].startswith("git"):
                found.append(int(stat.parent.name))
    return found
