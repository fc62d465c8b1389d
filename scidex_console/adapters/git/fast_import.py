"""Building a commit with `git fast-import`: from a known parent, without worktree and index.

The commit is made on a temporary reference of ours; nobody sees it until the branch moves. Nothing is
committed when the stream ends early (`--done`), as it does when we are killed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from scidex_console.adapters.git import worktree_file
from scidex_console.adapters.git.checkout import OURS, Checkout
from scidex_console.adapters.git.trees import REGULAR
from scidex_console.domain.commits import AUTHOR_EMAIL, AUTHOR_NAME
from scidex_console.domain.errors import Halt, RepositoryError
from scidex_console.engine.killpoints import reach

_COMMAND = ("fast-import", "--quiet", "--done", "--date-format=raw")


@dataclass(frozen=True)
class Edit:
    """What a commit does to one path."""

    path: str
    mode: str = REGULAR
    object: str = ""
    """Object to put there, or, for a removal, the one that must be there; empty: read the worktree's file
    (for a removal: whatever is there)."""
    sha256: str = ""
    """Expected sha256 of the worktree's file."""
    removal: bool = False
    replaces: bool = False
    """Whether something else may be at the path before."""


def build(
    checkout: Checkout, *, parent: str, reference: str, edits: Sequence[Edit], message: str, when: datetime
) -> tuple[str, dict[str, str]]:
    """Make one commit on top of `parent` and let `reference` (a new one) hold it.

    Returns its id and the object at each path that is not removed. Raises `Refused` when a file is not what
    was expected, `UnsafePath`, `Halt`; nothing but unreachable objects is left then.
    """
    # Checking first keeps the object store free of what would be refused anyway.
    for edit in edits:
        if _streams(edit):
            worktree_file.require(checkout.worktree, edit.path, edit.sha256)
    with _importing(checkout) as process:
        try:
            objects = _feed(checkout, process.stdin, parent, reference, edits, message, when)
            reach("git.import.fed")
        except BrokenPipeError:
            objects = {}  # Its last words say why; `conclude` reads them.
        checkout.commands.conclude(process, *_COMMAND)
    reach("git.import.built")
    commit = checkout.resolve(reference)
    if commit is None:
        raise RepositoryError("git fast-import made no commit", where=str(checkout.worktree))
    return commit, objects


@contextmanager
def _importing(checkout: Checkout) -> Iterator[Any]:
    """A running import; however it ends, it leaves neither a report of a crash nor half a pack."""
    before = _unfinished_packs(checkout)
    with checkout.commands.process(*_COMMAND) as process:
        try:
            yield process
        except BaseException as error:
            # If it still runs, it sees its input end before `done`, and so makes no commit.
            process.communicate()
            if isinstance(error, Halt):
                # Out of room, it could not even tidy up after itself.
                for path in _unfinished_packs(checkout) - before:
                    path.unlink(missing_ok=True)
            raise
        finally:
            for folder in {checkout.git_dir, checkout.common_dir}:
                (folder / f"fast_import_crash_{process.pid}").unlink(missing_ok=True)


def _unfinished_packs(checkout: Checkout) -> set[Path]:
    return set((checkout.common_dir / "objects/pack").glob("tmp_*"))


def _feed(
    checkout: Checkout,
    out: BinaryIO,
    parent: str,
    reference: str,
    edits: Sequence[Edit],
    message: str,
    when: datetime,
) -> dict[str, str]:
    objects: dict[str, str] = {}
    for mark, edit in enumerate(edits, start=1):
        if _streams(edit):
            objects[edit.path] = _feed_blob(checkout, out, mark, edit)
        elif not edit.removal:
            objects[edit.path] = edit.object
    who = f"{AUTHOR_NAME} <{AUTHOR_EMAIL}> {int(when.timestamp())} +0000"
    text = message.encode("utf-8", "replace")
    out.write(f"commit {reference}\nauthor {who}\ncommitter {who}\ndata {len(text)}\n".encode())
    out.write(text + f"\nfrom {parent}\n".encode())
    out.writelines(_change_lines(edits))
    out.write(b"\ndone\n")
    out.flush()
    return objects


def _change_lines(edits: Sequence[Edit]) -> Iterable[bytes]:
    for mark, edit in enumerate(edits, start=1):
        if edit.removal:
            yield b"D " + quoted(edit.path) + b"\n"
        else:
            source = f":{mark}" if _streams(edit) else edit.object
            yield f"M {edit.mode} {source} ".encode() + quoted(edit.path) + b"\n"


def _feed_blob(checkout: Checkout, out: BinaryIO, mark: int, edit: Edit) -> str:
    """Stream one file, checking the very bytes that go in; its object id."""
    with worktree_file.opened(checkout.worktree, edit.path) as descriptor:
        size = os.fstat(descriptor).st_size
        # The comment tells whose import it was, should git write a report of a crash.
        out.write(f"# {OURS}\nblob\nmark :{mark}\ndata {size}\n".encode())
        sha256 = hashlib.sha256()
        name = hashlib.new(checkout.object_format, f"blob {size}\0".encode(), usedforsecurity=False)
        written = 0
        for chunk in worktree_file.chunks(descriptor, edit.path):
            written += len(chunk)
            if written > size:
                raise worktree_file.mismatch(edit.path)
            sha256.update(chunk)
            name.update(chunk)
            out.write(chunk)
    if written != size or sha256.hexdigest() != edit.sha256:
        raise worktree_file.mismatch(edit.path)
    out.write(b"\n")
    reach("git.import.feeding")
    return name.hexdigest()


def quoted(path: str) -> bytes:
    """A path as fast-import reads it: in double quotes, with C escapes."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + escaped.encode("utf-8", "surrogateescape") + b'"'


def is_crash_report(path: Path) -> bool:
    """Whether a `fast_import_crash_<pid>` file tells of an import of ours."""
    try:
        return OURS.encode() in path.read_bytes()
    except OSError:
        return False


def size_of(checkout: Checkout, edit: Edit) -> int:
    """Bytes that an edit brings into git, at most (they are compressed there)."""
    return worktree_file.size(checkout.worktree, edit.path) if _streams(edit) else 0


def _streams(edit: Edit) -> bool:
    return not edit.removal and not edit.object
