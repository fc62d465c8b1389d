"""Repacking: everything git keeps in one pack, with deltas searched for widely.

Each artifact's commit rewrites the root folder, so a migrated store has grown by a fifth until its trees are
stored as differences. Nothing is thrown away: what no reference reaches may be what somebody is about to
commit. Readers and writers of the repository go on beside it, at the cost of one processor at low priority.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.inspection import bytes_kept
from scidex_console.adapters.git.locks import FileLock
from scidex_console.adapters.git.repack_trace import Trace, traced
from scidex_console.domain.errors import Halt, Interrupted, LockBusy
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import Repacked

_NICENESS = 15
"""With it Linux also puts what is asked of the disk behind everybody else: (15 + 20) / 5 is 7, the last."""
_REPACK = (
    "repack",
    "-a",
    "-d",
    "-f",
    "--keep-unreachable",
    "--window=250",
    "--depth=250",
    "--threads=1",
    "--window-memory=256m",
    "--quiet",
)
_GRAPH = ("commit-graph", "write", "--reachable", "--no-progress")
_LOOK_S = 0.2
_GOODBYE_S = 5.0
"""How long git has to take back its locks before it is killed."""


def repack(checkout: Checkout, *, holder: str, stop: threading.Event | None = None) -> Repacked:
    """Repack and write the commit graph; `stop` ends it at once, with nothing changed or half-written.

    Raises `LockBusy` while another repacks, `Halt` when the disk is too full, `Interrupted`,
    `RepositoryError`.
    """
    with _alone(checkout, holder):
        Trace(checkout).settle()
        before = bytes_kept(checkout)
        _require_room(checkout, before)
        _run(checkout, _REPACK, stop)
        with suppress(LockBusy):  # somebody else writes it; it only makes history quicker to read
            _run(checkout, _GRAPH, stop)
        return Repacked(before, bytes_kept(checkout))


@contextmanager
def _alone(checkout: Checkout, holder: str) -> Iterator[None]:
    lock = FileLock(checkout.own_dir / "maintain.lock")
    if not lock.take(holder):
        raise LockBusy(
            f"the repository is being repacked by {lock.holder() or 'another process'}",
            where=str(checkout.worktree),
            fix="wait for its end",
        )
    try:
        yield
    finally:
        lock.release()


def _run(checkout: Checkout, command: tuple[str, ...], stop: threading.Event | None) -> None:
    with traced(checkout) as trace:
        with checkout.commands.process(*command) as process:
            # The command leads a group; what it starts is in it, and inherits this.
            with suppress(ProcessLookupError, PermissionError):
                os.setpriority(os.PRIO_PGRP, process.pid, _NICENESS)
            trace.led_by(process.pid)
            _wait(process, stop)
            checkout.commands.conclude(process, *command)
        reach("git.repacked")


def _wait(process: Any, stop: threading.Event | None) -> None:
    while True:
        if stop is not None and stop.is_set():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=_GOODBYE_S)
            raise Interrupted(
                "repacking was interrupted: nothing is lost, and nothing is half-written",
                fix="it is to be run again",
            )
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_LOOK_S)
            return


def _require_room(checkout: Checkout, needed: int) -> None:
    """The old packs stay until the new one is whole."""
    objects = checkout.common_dir / "objects"
    if shutil.disk_usage(objects).free < needed:
        raise Halt(
            "the disk has no room for a second copy, which repacking needs until its end",
            where=str(objects),
            fix="make room (or set folders.repack_at_end = false and start the engine anew), then resume",
            bytes_needed=needed,
        )
