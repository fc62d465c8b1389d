"""Building commits from a known parent, without worktree and index, and bringing them into git at once.

Folders are edited in memory (`tree_editing`), everything new goes to git as one pack (`pack_stream`). Git
computes the name of every object itself as it takes the pack in; that each of ours is there afterwards, under
the name we gave it, proves that they are what they were meant to be. Then a temporary reference of ours holds
the last commit; nobody sees it until the branch moves.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from scidex_console.adapters.git import folder_memory, unfinished, worktree_file
from scidex_console.adapters.git.checkout import OURS, Checkout
from scidex_console.adapters.git.drafts import Edit, Series
from scidex_console.adapters.git.folder_memory import FolderMemory, damaged
from scidex_console.adapters.git.pack_stream import PackStream, object_name
from scidex_console.adapters.git.tree_editing import StoredFolder, TreeEditor
from scidex_console.adapters.git.trees import GITLINK, Change
from scidex_console.domain.commits import AUTHOR_EMAIL, AUTHOR_NAME
from scidex_console.domain.errors import Halt, RepositoryError
from scidex_console.engine.killpoints import reach

_FEW = 100
"""Objects that are better kept each by itself: hundreds of small packs would make every look-up slow."""

Write = Callable[[PackStream], None]
"""Writes one object."""


Meanwhile = Callable[[Mapping[str, str]], None]
"""What to do while git looks through the objects; it is told the object at each path that is not removed."""


def nothing(*_: object) -> None:
    """What there is to do meanwhile, if nothing is."""


@dataclass(frozen=True)
class Built:
    """Commits that exist, and that no branch has yet."""

    commit: str
    chain: tuple[str, ...]
    """The commits, oldest first, without the one that joins them."""
    objects: dict[str, str]
    """Object at each path that is not removed."""
    changes: Mapping[str, Change]
    """What the commits change together."""


@dataclass(frozen=True)
class _FileRead:
    """A file of the worktree that was found to be what is expected."""

    edit: Edit
    size: int
    object: str


def build(
    checkout: Checkout,
    *,
    parent: str,
    reference: str,
    series: Series,
    when: datetime,
    memory: FolderMemory | None = None,
    meanwhile: Meanwhile = nothing,
) -> Built:
    """Make the commits on top of `parent` and let `reference` (a new one) hold the last.

    What `meanwhile` raises is raised here.
    Raises `Refused` when a file is not what was expected or in a folder's way, `UnsafePath`, `Halt`; nothing
    but unreachable objects is left then.
    """
    memory = memory or FolderMemory()
    files = [_read(checkout, edit) for edit in series.edits if edit.reads]
    reach("git.objects.checked")
    contents = [(edit, edit.content) for edit in series.edits if edit.content is not None]
    objects = {edit.path: edit.object for edit in series.edits if edit.object and not edit.removal}
    objects |= {file.edit.path: file.object for file in files}
    objects |= {edit.path: _name(checkout, "blob", content) for edit, content in contents}
    wanted: dict[str, Write] = {objects[edit.path]: _whole("blob", content) for edit, content in contents}
    wanted |= {file.object: _streamed(checkout, file) for file in files}
    with folder_memory.reading(checkout) as reader:
        root = memory.root_of(parent) or reader.root_of(parent)
        editor = TreeEditor(reader, memory, root, object_format=checkout.object_format)
        commits = _commits(checkout, editor, parent, series, objects, when)
    for folder in editor.stored:
        # A version that comes back is told as it was first: others are told against that one.
        wanted.setdefault(folder.object, _folder(folder))
    wanted |= {name: _whole("commit", content) for name, content in commits.items()}
    *chain, tip = commits
    chain += [] if series.merge else [tip]
    # A submodule's commit is not in here.
    reused = {e.object for e in series.edits if e.object and not e.removal and e.mode != GITLINK}
    with _taken_in(checkout, wanted, reused - {*wanted}, partial(meanwhile, objects)):
        line = f"create {reference}\0{tip}\0"
        checkout.commands.run("update-ref", "-z", "--stdin", stdin=line.encode())
    reach("git.objects.built")
    editor.remember()
    memory.note_root(tip, editor.root)
    return Built(tip, tuple(chain), objects, editor.changes)


# --- what is wanted ---------------------------------------------------------------------------------------


def _read(checkout: Checkout, edit: Edit) -> _FileRead:
    """Look at a file before anything is stored: what would be refused leaves no object behind."""
    with worktree_file.opened(checkout.worktree, edit.path) as descriptor:
        size = os.fstat(descriptor).st_size
        name = object_name(checkout.object_format, "blob", size)
        sha256 = hashlib.sha256()
        for chunk in worktree_file.chunks(descriptor, edit.path):
            name.update(chunk)
            sha256.update(chunk)
    if sha256.hexdigest() != edit.sha256:
        raise worktree_file.mismatch(edit.path)
    return _FileRead(edit, size, name.hexdigest())


def _commits(
    checkout: Checkout,
    editor: TreeEditor,
    parent: str,
    series: Series,
    objects: Mapping[str, str],
    when: datetime,
) -> dict[str, bytes]:
    """The commits' bytes by their names, oldest first."""
    made: dict[str, bytes] = {}
    tip, root = parent, ""
    for draft in series.drafts:
        root = editor.apply(draft.edits, objects)
        tip = _add_commit(checkout, made, root, [tip], draft.message, when)
    if series.merge:
        _add_commit(checkout, made, root, [parent, tip], series.merge, when)
    return made


def _add_commit(
    checkout: Checkout, made: dict[str, bytes], root: str, parents: list[str], message: str, when: datetime
) -> str:
    who = f"{AUTHOR_NAME} <{AUTHOR_EMAIL}> {int(when.timestamp())} +0000"
    lines = [f"tree {root}", *(f"parent {p}" for p in parents), f"author {who}", f"committer {who}", ""]
    content = "\n".join(lines).encode() + b"\n" + message.encode("utf-8", "replace")
    name = _name(checkout, "commit", content)
    made[name] = content
    return name


def _name(checkout: Checkout, kind: str, content: bytes) -> str:
    return object_name(checkout.object_format, kind, len(content), content).hexdigest()


def _whole(kind: str, content: bytes) -> Write:
    return lambda pack: pack.whole(kind, len(content), [content])


def _folder(folder: StoredFolder) -> Write:
    content, base = folder.content, folder.base
    if content is not None:
        return _whole("tree", content)
    assert base is not None, "a folder is stored whole, or as a difference from another version"
    return lambda pack: pack.difference(base.object, base.size, folder.size, folder.difference)


def _streamed(checkout: Checkout, file: _FileRead) -> Write:
    """The file's bytes once more, checked as they go in."""

    def write(pack: PackStream) -> None:
        path = file.edit.path
        with worktree_file.opened(checkout.worktree, path) as descriptor:
            pack.whole("blob", file.size, _checked(worktree_file.chunks(descriptor, path), file))
        reach("git.objects.feeding")

    return write


def _checked(chunks: Iterator[bytes], file: _FileRead) -> Iterator[bytes]:
    sha256, written = hashlib.sha256(), 0
    for chunk in chunks:
        written += len(chunk)
        if written > file.size:
            raise worktree_file.mismatch(file.edit.path)
        sha256.update(chunk)
        yield chunk
    if written != file.size or sha256.hexdigest() != file.edit.sha256:
        raise worktree_file.mismatch(file.edit.path)


# --- into git ---------------------------------------------------------------------------------------------


@contextmanager
def _taken_in(
    checkout: Checkout, wanted: Mapping[str, Write], reused: Set[str], meanwhile: Callable[[], None]
) -> Iterator[None]:
    """All of these objects are git's; until the block ends, nobody's repacking drops them.

    Those that are reused must be there already: a folder that tells of a lost one would be damage, too.
    """
    few = len(wanted) < _FEW
    # Many are not looked for beforehand: to see what is missing costs more than to store it again.
    missing = _missing(checkout, [*(wanted if few else ()), *reused])
    if missing & reused:
        raise damaged(checkout, f"missing blob {min(missing & reused)}")
    try:
        # Git does not store by itself again what it has; but nothing may hold that, and then it goes with
        # the pack it is in. So a pack of our own must have it.
        _feed(checkout, wanted, meanwhile, loose=few and len(missing) == len(wanted))
        reach("git.objects.fed")
        if missing := _missing(checkout, wanted):
            raise RepositoryError(
                f"git did not store {len(missing)} of {len(wanted)} objects as they were meant",
                where=str(checkout.worktree),
                fix="nothing has changed; report it with the output of `git version`",
            )
        yield
    finally:
        # Nobody else writes here now: any such mark is this one, or of a git that outlived a crash of ours.
        for mark in unfinished.marks(checkout):
            with suppress(OSError):  # what went wrong before says more; `repair` takes it away
                mark.unlink()


def _missing(checkout: Checkout, names: Collection[str]) -> set[str]:
    """Those of these objects that git does not have."""
    if not names:
        return set()
    asked = "".join(f"{name}\n" for name in names).encode()
    told = checkout.commands.run("cat-file", "--batch-check=%(objectname)", stdin=asked).text()
    return {line.removesuffix(" missing") for line in told.splitlines() if line.endswith(" missing")}


def _feed(
    checkout: Checkout, wanted: Mapping[str, Write], meanwhile: Callable[[], None], *, loose: bool
) -> None:
    """Write objects to git, each by itself or as a pack that is marked so that no repacking drops it."""
    command = ("unpack-objects", "-q") if loose else ("index-pack", "--stdin", f"--keep={OURS}")
    with _receiving(checkout, command) as process:
        with suppress(BrokenPipeError):  # its last words say why; `conclude` reads them
            pack = PackStream(process.stdin, len(wanted), object_format=checkout.object_format)
            for write in wanted.values():
                write(pack)
            pack.end()
            process.stdin.flush()
        meanwhile()
        checkout.commands.conclude(process, *command)


@contextmanager
def _receiving(checkout: Checkout, command: tuple[str, ...]) -> Iterator[Any]:
    """A git process that takes a pack; when it does not get the whole, it leaves nothing half-written."""
    before = unfinished.packs(checkout)
    with checkout.commands.process(*command) as process:
        try:
            yield process
        except BaseException as error:
            # If it still runs, it sees its input end too early, and so stores nothing.
            process.communicate()
            if isinstance(error, Halt):
                unfinished.clear(checkout, besides=before)
            raise
