"""Building commits with `git fast-import`: from a known parent, without worktree and index.

They are made on a temporary reference of ours; nobody sees them until the branch moves. Nothing is committed
when the stream ends early (`--done`), as it does when we are killed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from scidex_console.adapters.git import unfinished, worktree_file
from scidex_console.adapters.git.checkout import OURS, Checkout
from scidex_console.adapters.git.trees import REGULAR
from scidex_console.domain.commits import AUTHOR_EMAIL, AUTHOR_NAME
from scidex_console.domain.errors import Halt, RepositoryError
from scidex_console.engine.killpoints import reach

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

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
    content: bytes | None = None
    """The bytes to put there, where they are known without reading the worktree."""
    removal: bool = False
    replaces: str | None = None
    """Object that may be at the path before; empty: whatever is there; None: nothing may be."""


@dataclass(frozen=True)
class Draft:
    """One commit: what it changes, and its message."""

    edits: Sequence[Edit]
    message: str


@dataclass(frozen=True)
class Series:
    """Commits on top of one another; with `merge`, a side chain that this message's merge commit joins.

    No path occurs in two of them.
    """

    drafts: Sequence[Draft]
    merge: str = ""

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What all of them change together."""
        return tuple(edit for draft in self.drafts for edit in draft.edits)


def build(
    checkout: Checkout, *, parent: str, reference: str, series: Series, when: datetime
) -> tuple[str, dict[str, str]]:
    """Make the commits on top of `parent` and let `reference` (a new one) hold the last.

    Returns its id and the object at each path that is not removed. Raises `Refused` when a file is not what
    was expected, `UnsafePath`, `Halt`; nothing but unreachable objects is left then.
    """
    # Checking first keeps the object store free of what would be refused anyway.
    for edit in series.edits:
        if _reads(edit):
            worktree_file.require(checkout.worktree, edit.path, edit.sha256)
    with _importing(checkout) as process:
        try:
            objects = _feed(checkout, process.stdin, parent, reference, series, when)
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
    before = unfinished.packs(checkout)
    with checkout.commands.process(*_COMMAND) as process:
        try:
            yield process
        except BaseException as error:
            # If it still runs, it sees its input end before `done`, and so makes no commit.
            process.communicate()
            if isinstance(error, Halt):
                unfinished.clear(checkout, besides=before)
            raise
        finally:
            for folder in {checkout.git_dir, checkout.common_dir}:
                (folder / f"fast_import_crash_{process.pid}").unlink(missing_ok=True)


def _feed(
    checkout: Checkout, out: BinaryIO, parent: str, reference: str, series: Series, when: datetime
) -> dict[str, str]:
    who = f"{AUTHOR_NAME} <{AUTHOR_EMAIL}> {int(when.timestamp())} +0000"
    objects: dict[str, str] = {}
    for edit in series.edits:
        if edit.content is not None:
            objects[edit.path] = _feed_content(checkout, out, len(objects) + 1, edit.content)
        elif _reads(edit):
            objects[edit.path] = _feed_blob(checkout, out, len(objects) + 1, edit)
        elif not edit.removal:
            objects[edit.path] = edit.object
    before, tip = parent, f":{len(objects) + 1}"
    for draft in series.drafts:
        _feed_commit(
            out, reference, who, draft.message, f"mark {tip}", f"from {before}", draft.edits, objects
        )
        before = tip
    if series.merge:
        origin = f"from {parent}\nmerge {tip}"
        _feed_commit(out, reference, who, series.merge, "", origin, series.edits, objects)
    out.write(b"done\n")
    out.flush()
    return objects


def _feed_commit(
    out: BinaryIO,
    reference: str,
    who: str,
    message: str,
    mark: str,
    origin: str,
    edits: Iterable[Edit],
    objects: Mapping[str, str],
) -> None:
    text = message.encode("utf-8", "replace")
    head = [f"commit {reference}", *([mark] if mark else []), f"author {who}", f"committer {who}"]
    out.write("\n".join([*head, f"data {len(text)}"]).encode() + b"\n" + text + f"\n{origin}\n".encode())
    for edit in edits:
        if edit.removal:
            out.write(b"D " + quoted(edit.path) + b"\n")
        else:
            out.write(f"M {edit.mode} {objects[edit.path]} ".encode() + quoted(edit.path) + b"\n")
    out.write(b"\n")


def _feed_content(checkout: Checkout, out: BinaryIO, mark: int, content: bytes) -> str:
    out.write(f"# {OURS}\nblob\nmark :{mark}\ndata {len(content)}\n".encode() + content + b"\n")
    return _object_name(checkout, len(content), content).hexdigest()


def _object_name(checkout: Checkout, size: int, content: bytes = b"") -> Hash:
    """The hash that names a blob, fed with what is known of it."""
    head = f"blob {size}\0".encode()
    return hashlib.new(checkout.object_format, head + content, usedforsecurity=False)


def _feed_blob(checkout: Checkout, out: BinaryIO, mark: int, edit: Edit) -> str:
    """Stream one file, checking the very bytes that go in; its object id."""
    with worktree_file.opened(checkout.worktree, edit.path) as descriptor:
        size = os.fstat(descriptor).st_size
        # The comment tells whose import it was, should git write a report of a crash.
        out.write(f"# {OURS}\nblob\nmark :{mark}\ndata {size}\n".encode())
        sha256 = hashlib.sha256()
        name = _object_name(checkout, size)
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
    if edit.content is not None:
        return len(edit.content)
    return worktree_file.size(checkout.worktree, edit.path) if _reads(edit) else 0


def _reads(edit: Edit) -> bool:
    """Whether the worktree's file is what the commit gets."""
    return not edit.removal and not edit.object and edit.content is None
