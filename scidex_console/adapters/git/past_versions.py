"""The past of one file: every commit that changed it, followed over its moves."""

from __future__ import annotations

from datetime import UTC, datetime

from scidex_console.adapters.git.checkout import Checkout, object_id
from scidex_console.adapters.git.trees import ABSENT
from scidex_console.engine.ports import PastVersion

_FORMAT = "--format=%x01%H%x1f%ct%x1f%an%x1f%s"
_SAME_FILE = "--find-renames=90%"
"""How alike two files must be to be one that was moved: git also follows to what is merely similar, and files
made from one template are."""
_PATIENCE_S = 60.0


def past_versions(checkout: Checkout, tip: str, path: str, *, limit: int) -> list[PastVersion]:
    """Newest first, `limit` at most. A commit that removed the file, and a merge, are none.

    In a flat store of a hundred thousand folders this takes seconds: git looks through every commit.
    """
    output = checkout.commands.run(
        "log",
        "--follow",
        _SAME_FILE,
        f"--max-count={int(limit)}",
        "--no-merges",
        "--raw",
        "--no-abbrev",
        "-z",
        "--encoding=UTF-8",
        _FORMAT,
        object_id(tip),
        "--",
        path,
        timeout=_PATIENCE_S,
    )
    found = []
    for part in output.stdout.decode("utf-8", "surrogateescape").split("\x01")[1:]:
        about, _, changes = part.partition("\0")
        version = _version(about, [field for field in changes.lstrip("\n").split("\0") if field])
        if version is not None:
            found.append(version)
    return found


def _version(about: str, changes: list[str]) -> PastVersion | None:
    """One commit's; with a move the last path is the new one."""
    if len(changes) < 2 or not changes[0].startswith(":"):
        return None
    _, mode, _, blob, _ = changes[0].removeprefix(":").split(" ")
    if mode == ABSENT:
        return None
    commit, at, author, subject = about.split("\x1f", 3)
    when = datetime.fromtimestamp(int(at), UTC)
    return PastVersion(commit, when, author, subject, changes[-1], blob, mode)
