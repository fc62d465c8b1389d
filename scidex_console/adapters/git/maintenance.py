"""Repacking: everything git keeps in one pack, with long chains of differences.

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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
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
_BOUNDED = (
    # What git keeps in memory besides the objects it compares; without these it is 700 MB for a large store.
    *("-c", "pack.deltaCacheSize=32m"),
    *("-c", "core.packedGitWindowSize=8m"),
    *("-c", "core.packedGitLimit=128m"),
)
_SEARCH = ("--window=250", "--window-memory=128m", "--threads=1", "--quiet")
_LIST = (
    "cat-file",
    "--batch-all-objects",
    "--unordered",
    "--batch-check=%(objecttype) %(objectsize) %(deltabase) %(objectname)",
)
_CHAIN = (*_BOUNDED, "pack-objects", "--no-reuse-delta", "--depth=4", *_SEARCH)
_PREFER = ("multi-pack-index", "write", "--no-progress")
_REPACK = (*_BOUNDED, "repack", "-a", "-d", "--keep-unreachable", "--depth=250", *_SEARCH)
_GRAPH = ("commit-graph", "write", "--reachable", "--no-progress")
_LARGE = 16 * 1024
"""Bytes of a folder's tree from which it counts whether it is stored whole or as a difference."""
_FEW = 100
"""With chains of up to 250 differences, one tree in so many may be whole."""
_LOOK_S = 0.2
_GOODBYE_S = 5.0
"""How long git has to take back its locks before it is killed."""


def repack(checkout: Checkout, *, holder: str, stop: threading.Event | None = None) -> Repacked:
    """Repack and write the commit graph; `stop` ends it at once, with nothing lost or half-written.

    Raises `LockBusy` while another repacks, `Halt` when the disk is too full, `Interrupted`,
    `RepositoryError`.
    """
    with _alone(checkout, holder):
        Trace(checkout).settle()
        before = bytes_kept(checkout)
        _require_room(checkout, before)
        with traced(checkout) as trace:
            run = partial(_run, checkout, trace, stop)
            if whole := _needlessly_whole(checkout, trace, stop):
                _chain(checkout, run, whole)
            run(_REPACK)
            with suppress(LockBusy):  # somebody else writes it; it only makes history quicker to read
                run(_GRAPH)
        return Repacked(before, bytes_kept(checkout))


def _chain(checkout: Checkout, run: Callable[..., str], whole: Sequence[str]) -> None:
    """Store trees that are whole as differences, in a pack that the repack takes them from.

    Git's repack keeps differences as they are and tries none within a pack anew (doing so for all would take
    many minutes), so that after somebody's `git gc` every fiftieth tree of the root folder stayed whole.
    """
    packs = checkout.pack_dir
    made = run((*_CHAIN, str(packs / "pack")), "".join(f"{name}\n" for name in whole))
    # Of two copies the one in the preferred pack is taken. The index of packs goes with the packs.
    run((*_PREFER, f"--preferred-pack=pack-{made.strip()}.pack"))


def _needlessly_whole(checkout: Checkout, trace: Trace, stop: threading.Event | None) -> list[str]:
    """Large trees that are not stored as differences, when they are more than need be."""
    whole: list[str] = []
    large = 0
    with checkout.commands.process(*_LIST) as process:
        _settle_in(trace, process.pid)
        for line in process.stdout:
            kind, size, base, name = line.decode().split()
            if kind == "tree" and int(size) >= _LARGE:
                large += 1
                if not base.strip("0"):
                    whole.append(name)
            if stop is not None and stop.is_set():
                raise _interrupted()
        checkout.commands.conclude(process, "cat-file")
    return whole if len(whole) > max(1, large // _FEW) else []


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


def _run(
    checkout: Checkout,
    trace: Trace,
    stop: threading.Event | None,
    command: Sequence[str],
    stdin: str = "",
) -> str:
    """What the command answers, once it has come to its end."""
    with checkout.commands.process(*command) as process:
        _settle_in(trace, process.pid)
        answer = _wait(process, stop, stdin.encode())
        checkout.commands.conclude(process, "repack")
    reach("git.repacked")
    return answer


def _settle_in(trace: Trace, process: int) -> None:
    # The command leads a group; what it starts is in it, and inherits this.
    with suppress(ProcessLookupError, PermissionError):
        os.setpriority(os.PRIO_PGRP, process, _NICENESS)
    trace.led_by(process)


def _wait(process: Any, stop: threading.Event | None, stdin: bytes) -> str:
    unsent: bytes | None = stdin
    while True:
        if stop is not None and stop.is_set():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(unsent, timeout=_GOODBYE_S)
            raise _interrupted()
        with suppress(subprocess.TimeoutExpired):
            answer: bytes = process.communicate(unsent, timeout=_LOOK_S)[0]
            return answer.decode()
        unsent = None


def _interrupted() -> Interrupted:
    return Interrupted(
        "repacking was interrupted: nothing is lost, and nothing is half-written",
        fix="it is to be run again",
    )


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
