"""Reading history: commits of ours by their trailers, what they changed, and the bytes of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from scidex_console.adapters.git import trees
from scidex_console.adapters.git.checkout import Checkout, object_id
from scidex_console.adapters.git.trees import Change
from scidex_console.domain.commits import CommitKind, parse_trailers
from scidex_console.domain.errors import Halt, RepositoryError
from scidex_console.engine.ports import CommitInfo, Committed

_CHUNK = 1 << 16
MARKED = "--grep=^Scidex-Op: "
"""Lets git leave out what cannot be ours."""
_FORMAT = "--format=%H%x00%P%x00%B%x00"


@dataclass(frozen=True)
class Commit:
    """A commit as it is stored."""

    id: str
    parents: tuple[str, ...]
    message: str

    @property
    def subject(self) -> str:
        """First line of the message."""
        return self.message.split("\n", 1)[0]


def commits(checkout: Checkout, *selection: str) -> list[Commit]:
    """Commits that `git rev-list` selects, newest first; `selection` is ids and fixed options only."""
    output = checkout.commands.run(
        "rev-list", "--no-commit-header", "--encoding=UTF-8", _FORMAT, *selection, "--"
    )
    fields = output.stdout.decode("utf-8", "replace").split("\0")
    found = zip(fields[0::3], fields[1::3], fields[2::3], strict=False)
    return [Commit(name.strip(), tuple(parents.split()), message) for name, parents, message in found]


def find(
    checkout: Checkout, tip: str, op: str, kind: CommitKind, *, since: str, journal: str
) -> Committed | None:
    """A journal's commit with this operation and kind, between `since` (empty: the beginning) and `tip`.

    Of several, which must not be, the oldest: it is the one that counted first.
    """
    selection = [tip, *([f"^{object_id(since)}"] if since and exists(checkout, since) else [])]
    commit = with_trailer(commits(checkout, "--topo-order", MARKED, *selection), op, kind, journal)
    if commit is None:
        return None
    joined = parts(checkout, commit.id) if len(commit.parents) > 1 else ()
    return Committed(commit.id, added(_changes(checkout, commit)), joined)


def parts(checkout: Checkout, merge: str) -> tuple[str, ...]:
    """The commits that a merge commit joins to its first parent, oldest first."""
    name = object_id(merge)
    selection = ["--reverse", "--topo-order", f"{name}^2", f"^{name}^1"]
    return tuple(commit.id for commit in commits(checkout, *selection))


def with_trailer(candidates: Sequence[Commit], op: str, kind: CommitKind, journal: str) -> Commit | None:
    """Of commits, newest first, the oldest of a journal with this operation and kind."""
    for commit in reversed(candidates):
        trailers = parse_trailers(commit.message)
        if trailers is not None and trailers.answers(op, kind, journal):
            return commit
    return None


def added(changes: Mapping[str, Change]) -> dict[str, str]:
    """Objects of the paths that are there afterwards."""
    return {path: change.after.object for path, change in changes.items() if change.after}


def describe(checkout: Checkout, commit: str) -> CommitInfo:
    """Subject, trailers and paths of one commit."""
    found = commits(checkout, "--no-walk", object_id(commit))
    return _info(found[0], _changes(checkout, found[0]))


def ours(checkout: Checkout, tip: str) -> list[CommitInfo]:
    """Every commit of ours reachable from `tip`, newest first."""
    marked = [
        commit
        for commit in commits(checkout, "--topo-order", MARKED, object_id(tip))
        if parse_trailers(commit.message) is not None
    ]
    if not marked:
        return []
    changed = trees.changes_by_commit(checkout, {commit.id: _parent(commit) for commit in marked})
    return [_info(commit, changed[commit.id]) for commit in marked]


def export(checkout: Checkout, blob: str, write: Callable[[bytes], None]) -> None:
    """Hand a blob's bytes over in chunks, exactly as they are stored."""
    command = ("cat-file", "blob", object_id(blob))
    with checkout.commands.process(*command) as process:
        for chunk in _read(process.stdout.read1):
            write(chunk)
        checkout.commands.conclude(process, *command)


def is_ancestor(checkout: Checkout, older: str, newer: str) -> bool:
    """Whether one commit is the other or an ancestor of it; False when the older one is not known here."""

    def ask() -> bool:
        if not exists(checkout, older):
            return False
        asked = ("merge-base", "--is-ancestor", object_id(older), object_id(newer))
        return checkout.commands.run(*asked, accept=(0, 1)).status == 0

    return checkout.lineage.has(older, newer, ask)


def require_readable(checkout: Checkout, commit: str) -> None:
    """Read every folder of a commit. Raises `Halt` when one is damaged or missing."""
    with readable(checkout):
        checkout.commands.run("ls-tree", "-r", "-d", "-z", "--full-tree", object_id(commit))


@contextmanager
def readable(checkout: Checkout) -> Iterator[None]:
    """Folders of a commit are read in this block. Raises `Halt` when one is damaged or missing."""
    try:
        yield
    except RepositoryError as error:
        raise Halt(
            f"the repository is damaged: {error.what}",
            where=str(checkout.worktree),
            fix="run `git fsck`, restore what is missing from a clone or a backup, then resume",
        ) from error


def exists(checkout: Checkout, commit: str) -> bool:
    """Whether the repository has a commit, in history or not."""
    name = f"{object_id(commit)}^{{commit}}"
    return checkout.commands.run("cat-file", "-e", name, accept=(0, 1, 128)).status == 0


def _changes(checkout: Checkout, commit: Commit) -> Mapping[str, Change]:
    return trees.changes_by_commit(checkout, {commit.id: _parent(commit)})[commit.id]


def _parent(commit: Commit) -> str | None:
    return commit.parents[0] if commit.parents else None


def _info(commit: Commit, changes: Mapping[str, Change]) -> CommitInfo:
    return CommitInfo(commit.id, commit.subject, parse_trailers(commit.message), tuple(sorted(changes)))


def _read(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while chunk := read(_CHUNK):
        yield chunk
