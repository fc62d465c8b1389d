"""The artifact repository and the outer repository around it. Synchronous."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scidex_console.domain.commits import CommitKind, Trailers
from scidex_console.domain.folders.resolving import TreeEntry


@dataclass(frozen=True)
class PathChange:
    """One path of a commit: a file to put there (with its expected hash), or a removal."""

    path: str
    sha256: str | None
    """Expected sha256 of the file to put there; None removes the path."""
    blob: str = ""
    """Object id to reuse instead of reading the worktree, where it is known; for a removal, what must be
    there."""
    mode: str = "100644"
    """As git writes it; a symbolic link is `120000`."""
    content: bytes | None = None
    """The bytes to put there, where they are known; for a symbolic link, where it leads."""
    replaces: str = ""
    """Object id that the path may hold before; empty: nothing may be there."""


@dataclass(frozen=True)
class Committed:
    """A commit of ours and the object ids of what it added."""

    commit: str
    blobs: Mapping[str, str]
    parts: tuple[str, ...] = ()
    """The commits that this one joins to the branch, in the order they were asked for; a chain's only."""


@dataclass(frozen=True)
class CommitDraft:
    """One commit of a chain that is wanted: all that one artifact's change does to the repository."""

    changes: Sequence[PathChange]
    subject: str
    trailers: Trailers


@dataclass(frozen=True)
class CommitInfo:
    """A commit as history shows it."""

    id: str
    subject: str
    trailers: Trailers | None
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class PastVersion:
    """A file as one commit left it."""

    commit: str
    at: datetime
    author: str
    subject: str
    path: str
    """Where it lay then."""
    blob: str
    mode: str


@dataclass(frozen=True)
class Repacked:
    """Bytes of everything git keeps of the artifact repository, before and after repacking."""

    before: int
    after: int


class ArtifactRepository(Protocol):
    """The artifact repository (the submodule's checkout) and the outer repository around it. Synchronous."""

    @property
    def commits_by_another(self) -> bool:
        """Whether a function of somebody else's commits here, which makes one commit and no chain."""
        ...

    def check(self) -> None:
        """Raise `RepositoryError` (with what to do) when it is not in a state we may write to.

        Detached HEAD, merge or rebase in progress, the recorded branch missing, corrupt objects in the way.
        """
        ...

    def head(self) -> str:
        """Commit at the tip of the branch."""
        ...

    def epoch(self) -> int:
        """Epoch held by the ref `refs/scidex-console/epoch`; 0 when there is none."""
        ...

    def raise_epoch(self, epoch: int) -> None:
        """Move the ref to a higher epoch. Raises `Fenced` when it already holds this one or a higher one."""
        ...

    def engine_lock(self, holder: str) -> AbstractContextManager[None]:
        """The flock an engine holds as long as it lives. Raises `Held` naming the holder."""
        ...

    def writer_lock(self, holder: str) -> AbstractContextManager[None]:
        """The flock a writer holds per batch. Raises `LockBusy` naming the holder."""
        ...

    def commit(
        self,
        changes: Sequence[PathChange],
        *,
        subject: str,
        trailers: Trailers,
        epoch: int,
        even_empty: bool = False,
    ) -> Committed:
        """Build one commit on the branch's tip and make it the tip: git's commit point.

        Objects are built without touching the worktree; one ref transaction verifies the epoch and moves the
        branch from its known value; then only these paths are patched into the real index, under its lock,
        which is taken before the ref moves and never stolen. Without changes there is a commit only if
        `even_empty` says so. Raises `LockBusy` (nothing has changed), `Refused`, `Fenced`, `Halt`,
        `RepositoryError`.
        """
        ...

    def commit_chain(
        self,
        drafts: Sequence[CommitDraft],
        *,
        subject: str,
        trailers: Trailers,
        epoch: int,
        meanwhile: Callable[[], None],
    ) -> Committed:
        """As `commit`, but one commit per draft on a side chain that one merge commit joins to the branch.

        No path may occur in two drafts. `meanwhile` is called once or more before the branch moves; with what
        it raises, nothing is committed. Raises what `commit` raises, and `RepositoryError` where another
        function is configured to commit.
        """
        ...

    def find(self, op: str, kind: CommitKind, *, since: str, journal: str) -> Committed | None:
        """A journal's commit with this trailer between `since` and the tip, with the blobs it added.

        A commit that names another journal is never it; one that names none is, if its trailer matches.
        """
        ...

    def tree(self) -> Mapping[str, TreeEntry]:
        """Every path of the commit at the tip, with its mode and object."""
        ...

    def tree_changes(self, old: str, new: str) -> Mapping[str, TreeEntry | None] | None:
        """What became of each path that differs between two commits; None for one that is gone.

        None altogether where that is not remembered, as of commits long past: then `tree` tells everything.
        """
        ...

    def conversions(self, paths: Sequence[str], *, line_ends: bool = False) -> Mapping[str, str]:
        """What attributes tell git to convert between the checkout and its objects, such as `eol=crlf`.

        Files need not be there; paths that git leaves alone are left out. With `line_ends` that is told of
        text as well, whose line ends may be git's already.
        """
        ...

    def stored_as(self, path: str, other: str) -> str:
        """The object git would make of a file of the checkout at another path, which must have no filter.

        Empty when the file cannot be read.
        """
        ...

    def catch_up(self) -> str:
        """Take over what others have pushed, if that only moves a clean checkout forward.

        Why it was left alone, or nothing.
        """
        ...

    def repack(self, stop: threading.Event | None = None) -> Repacked:
        """Store everything git keeps as small as it gets; readers and writers go on meanwhile. Minutes.

        When `stop` is set it ends at once, with nothing changed or half-written. Raises `Interrupted`,
        `LockBusy` while another repacks, `Halt` when the disk is too full, `RepositoryError`.
        """
        ...

    def size(self) -> int:
        """Bytes of everything git keeps of the artifact repository."""
        ...

    def refresh_index(self) -> None:
        """Let the index know the times of all files, so that `git status` need not read them; best effort."""
        ...

    def repair_index(self, paths: Sequence[str]) -> None:
        """Make the index entries of these paths what HEAD has; remove a stale lock only if it is our own."""
        ...

    def blobs_of(self, commit: str, paths: Sequence[str]) -> Mapping[str, str]:
        """Object ids of the files at these paths in a commit; paths that are not there are left out."""
        ...

    def modes_of(self, commit: str, paths: Sequence[str]) -> Mapping[str, str]:
        """Their modes, as git writes them; paths that are not there are left out."""
        ...

    def export_blob(self, blob: str, write: Callable[[bytes], None]) -> None:
        """Hand a blob's bytes over in chunks."""
        ...

    def keep_large(self, path: str, sha256: str) -> None:
        """Keep a file of the checkout as the Git LFS object that its pointer stands for. Raises `Refused`."""
        ...

    def export_large(self, sha256: str, write: Callable[[bytes], None]) -> None:
        """Hand a Git LFS object's bytes over in chunks. Raises `Refused` when it is not here."""
        ...

    def past_versions(self, path: str, *, limit: int) -> Sequence[PastVersion]:
        """What commits have made of a file, newest first, followed over its moves; `limit` at most."""
        ...

    def has(self, commit: str) -> bool:
        """Whether a commit is there; one that left history is collected some day."""
        ...

    def describe(self, commit: str) -> CommitInfo:
        """Subject, trailers and paths of one commit."""
        ...

    def ours(self) -> Sequence[CommitInfo]:
        """Every commit of ours reachable from the tip, newest first, with its paths."""
        ...

    def sync(self) -> None:
        """syncfs on the worktree and the git directory."""
        ...

    def bump_pointer(self, *, subject: str, trailers: Trailers, wanted: str = "") -> str | None:
        """Commit the submodule's tip in the outer repository; None when it already points there.

        None, too, when what it points to has the commit `wanted` in its history.
        """
        ...

    def push(self) -> str:
        """Push the submodule, then the outer repository; `pushed`, or `` when no remote is configured.

        Raises `RepositoryError` with git's words when a push fails; what was pushed stays pushed.
        """
        ...
