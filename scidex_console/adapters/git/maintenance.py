"""Repacking: everything git keeps in one pack, with deltas searched for widely.

Each artifact's commit rewrites the root folder, so a migrated store has grown by a fifth until its trees are
stored as differences. Nothing is thrown away: what no reference reaches may be what somebody is about to
commit. Readers and writers of the repository go on beside it, at the cost of one processor at low priority.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from scidex_console.adapters.git import unfinished
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.inspection import bytes_kept
from scidex_console.domain.errors import Halt
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import Repacked

_NICENESS = 15
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


def repack(checkout: Checkout) -> Repacked:
    """Repack and write the commit graph. Raises `Halt` when the disk is too full, `RepositoryError`."""
    before = bytes_kept(checkout)
    _require_room(checkout, before)
    half_written = unfinished.packs(checkout)
    for command in (_REPACK, _GRAPH):
        try:
            with checkout.commands.process(*command) as process:
                # What git starts later inherits it.
                with suppress(ProcessLookupError, PermissionError):
                    os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
                checkout.commands.conclude(process, *command)
        except BaseException:
            unfinished.clear(checkout, besides=half_written)
            raise
        reach("git.repacked")
    return Repacked(before, bytes_kept(checkout))


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
