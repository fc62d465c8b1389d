"""The artifact repository as the engine sees it: one facade over this room's modules."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from scidex_console.adapters.git import (
    attributes,
    branch_commit,
    catching_up,
    history,
    inspection,
    large_files,
    maintenance,
    past_versions,
    pushing,
    refs,
    repair,
    trees,
)
from scidex_console.adapters.git.building import nothing
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.commit_artifact import Committer, commit_through
from scidex_console.adapters.git.drafts import Draft, Series, edits_of
from scidex_console.adapters.git.durability import sync_file_systems
from scidex_console.adapters.git.facts import GitFacts
from scidex_console.adapters.git.folder_memory import FolderMemory
from scidex_console.adapters.git.inspection import RepositoryState, inspect
from scidex_console.adapters.git.locks import FileLock
from scidex_console.adapters.git.outer import Outer
from scidex_console.adapters.git.tip import TipFiles
from scidex_console.domain.commits import CommitKind, Trailers, message
from scidex_console.domain.errors import Fenced, Held, LockBusy, RepositoryError
from scidex_console.domain.folders.tree import GITLINK, TreeEntry
from scidex_console.domain.paths import check_relative, is_safe
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import (
    Clock,
    CommitDraft,
    CommitInfo,
    Committed,
    PastVersion,
    PathChange,
    Repacked,
)

_PUSH_WAIT_SECONDS = 10.0
"""For another process of ours that pushes."""


class GitArtifactRepository:
    """The checkout that artifacts live in, and the outer repository around it (`engine.ports`).

    `branch` is the one commits go to; None takes whichever is checked out. `committer` replaces our own way
    of committing (see `commit_artifact`). `remote` is what others push to, and both repositories of ours
    where `pushes` says so; None: there is none. `writer_wait` is how many seconds to wait for another writer.
    Nothing is kept open between calls but the locks.
    """

    def __init__(
        self,
        worktree: Path,
        *,
        outer: Path | None = None,
        branch: str | None = None,
        clock: Clock,
        committer: Committer | None = None,
        remote: str | None = "origin",
        pushes: bool = True,
        writer_wait: float = 10.0,
    ) -> None:
        """Raises `Unreachable` when there is no repository, `RepositoryError` when it cannot be used."""
        self.checkout = Checkout.find(worktree)
        self.outer = Outer.around(self.checkout, outer) if outer is not None else None
        self.remote = remote
        self._pushes = pushes
        self._branch = branch
        self._clock = clock
        self._committer = committer
        self._writer_wait = writer_wait
        self._tip = TipFiles(self.checkout)
        self._folders = FolderMemory()
        self._engine = FileLock(self.checkout.own_dir / "engine.lock")
        self._writer = FileLock(self.checkout.own_dir / "writer.lock")
        self._writing = 0

    @property
    def staging_dir(self) -> Path:
        """Where staged files belong: inside the git directory, out of git's sight."""
        return self.checkout.own_dir / "staging"

    @property
    def commits_by_another(self) -> bool:
        """Whether a function of somebody else's commits here, one commit at a time."""
        return self._committer is not None

    @property
    def facts(self) -> GitFacts:
        """What git says by itself, for `verify`."""
        return GitFacts(self.checkout, self.outer)

    def inspect(self) -> RepositoryState:
        """Everything an operator may want to know before a run; changes nothing."""
        return inspect(self.checkout, self.outer, remote=self.remote)

    # --- state --------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise `RepositoryError` (with what to do) when it is not in a state we may write to.

        Damaged folders of the tip raise `Halt`; those that were read before are not read again.
        """
        head = self.head()
        if self.checkout.is_sparse():
            raise RepositoryError(
                "is a sparse checkout: git takes folders outside of its patterns away from readers",
                where=str(self.checkout.worktree),
                fix="`git sparse-checkout disable`",
            )
        with history.readable(self.checkout):
            self._tip.read(head)

    def head(self) -> str:
        """Commit at the tip of the branch."""
        return self.checkout.writable_tip(self._branch)[1]

    def epoch(self) -> int:
        """Epoch held by the ref `refs/scidex-console/epoch`; 0 when there is none."""
        return refs.read_epoch(self.checkout)

    def raise_epoch(self, epoch: int) -> None:
        """Move the ref to a higher epoch. Raises `Fenced` when it already holds this one or a higher one."""
        refs.raise_epoch(self.checkout, epoch)

    # --- locks --------------------------------------------------------------------------------------

    @contextmanager
    def engine_lock(self, holder: str) -> Iterator[None]:
        """The flock an engine holds as long as it lives. Raises `Held` naming the holder."""
        if not self._engine.take(self._since(holder)):
            raise Held(
                f"the store is held by {self._engine.holder() or 'another engine'}",
                where=str(self.checkout.worktree),
                fix="stop that engine first",
            )
        try:
            yield
        finally:
            self._engine.release()

    @contextmanager
    def writer_lock(self, holder: str) -> Iterator[None]:
        """The flock a writer holds per batch. Raises `LockBusy` naming the holder. May be nested."""
        if not self._writing and not self._writer.take(self._since(holder), wait=self._writer_wait):
            raise LockBusy(
                f"the repository is being written by {self._writer.holder() or 'another writer'}",
                where=str(self.checkout.worktree),
                fix="it is tried again",
            )
        self._writing += 1
        try:
            yield
        finally:
            self._writing -= 1
            if not self._writing:
                self._writer.release()

    def replace_locks(self) -> None:
        """Take over from an engine that is stopped and holds its locks; the epoch keeps it from writing."""
        self._engine.replace()
        self._writer.replace()
        if self.outer is not None:
            self.outer.lock().replace()

    # --- writing ------------------------------------------------------------------------------------

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

        Raises `LockBusy`, `Refused` or `UnsafePath` (nothing has changed), `Fenced`, `Halt`,
        `RepositoryError`. A file that git already has with the same bytes is adopted.
        """
        edits = edits_of(changes) if changes or not even_empty else []
        text = message(subject, trailers)
        with self.writer_lock(_process()):
            if self._committer is not None:
                return commit_through(
                    self._committer,
                    self.checkout,
                    edits,
                    message=text,
                    trailers=trailers,
                    branch=self._branch,
                    epoch=epoch,
                )
            made = self._make(Series([Draft(edits, text)]), trailers, epoch)
            return Committed(made.commit, made.objects)

    def commit_chain(
        self,
        drafts: Sequence[CommitDraft],
        *,
        subject: str,
        trailers: Trailers,
        epoch: int,
        meanwhile: Callable[[], None] = nothing,
    ) -> Committed:
        """As `commit`, but one commit per draft on a side chain that one merge commit joins to the branch.

        No path may occur in two drafts. `meanwhile` is called before the branch moves, while git looks
        through the new objects; with what it raises, nothing is committed. The index learns the files' times
        by `refresh_index` later, when the old paths have gone: until then each change of a link count would
        outdate them again.
        """
        if self._committer is not None:
            raise RepositoryError(
                "a function of its own commits here, which cannot make a chain of commits",
                where="repository.commit_artifact",
                fix="leave the setting out for the folder migration",
            )
        edits_of([change for draft in drafts for change in draft.changes])
        chain = [Draft(edits_of(draft.changes), message(draft.subject, draft.trailers)) for draft in drafts]
        with self.writer_lock(_process()):
            series = Series(chain, merge=message(subject, trailers))
            made = self._make(series, trailers, epoch, refresh=False, meanwhile=meanwhile)
            return Committed(made.commit, made.objects, made.chain)

    def _make(
        self,
        series: Series,
        trailers: Trailers,
        epoch: int,
        *,
        refresh: bool = True,
        meanwhile: Callable[[], None] = nothing,
    ) -> branch_commit.Made:
        request = branch_commit.Request(
            series=series,
            when=self._clock.now(),
            purpose=f"{trailers.kind} {trailers.op}",
            branch=self._branch,
            epoch=epoch,
            refresh=refresh,
            meanwhile=meanwhile,
        )
        made = branch_commit.commit(self.checkout, request, self._folders)
        self._tip.advance(made.parent, made.commit, made.changes)
        return made

    def catch_up(self) -> str:
        """Take over what others have pushed, if that only moves a clean checkout forward.

        Why it was left alone, or nothing; never while something is being written, by this process or another.
        Raises `RepositoryError` for a checkout we may not write to.
        """
        # A lock of its own: the one of `writer_lock` lets all of this process in that come after its first.
        alone = FileLock(self._writer.path)
        holder = self._since(_process())
        return catching_up.catch_up(self.checkout, self.remote, alone, branch=self._branch, holder=holder)

    def repack(self, stop: threading.Event | None = None) -> Repacked:
        """Store everything git keeps as small as it gets; readers and writers go on meanwhile. Minutes.

        When `stop` is set it ends at once, with nothing changed or half-written. Raises `Interrupted`,
        `LockBusy` while another repacks, `Halt` when the disk is too full, `RepositoryError`.
        """
        return maintenance.repack(self.checkout, holder=_process(), stop=stop)

    def refresh_index(self) -> None:
        """Let the index know the times of all files, so that `git status` need not read them; best effort."""
        with suppress(LockBusy), self.writer_lock(_process()):
            repair.refresh_index(self.checkout)

    def repair_index(self, paths: Sequence[str]) -> None:
        """Make the index entries of these paths what HEAD has; remove a stale lock only if it is our own.

        Also clears temporary references and private index files that a crash of ours left. Raises
        `RepositoryError` while HEAD is detached or a merge is in progress, `LockBusy`, `Halt`.
        """
        with self.writer_lock(_process()):
            repair.clear(self.checkout)
            self.checkout.writable_branch(self._branch)
            # A path that none of ours can have was never in the index by us.
            repair.repair_index(self.checkout, [path for path in paths if is_safe(path)])
            if self.outer is not None:
                self.outer.repair(_process())

    def sync(self) -> None:
        """syncfs on the worktree and the git directory."""
        places = [self.checkout.worktree, self.checkout.common_dir]
        if self.outer is not None:
            places.append(self.outer.checkout.common_dir)
        sync_file_systems(places)
        reach("git.synced")

    def bump_pointer(self, *, subject: str, trailers: Trailers, wanted: str = "") -> str | None:
        """Commit the submodule's tip in the outer repository; None when it already points there.

        None, too, when what it points to has the commit `wanted` in its history: nothing is left to be done.
        Repeated for the same operation, it names the commit that was made. None, too, without an outer
        repository. Raises `Fenced` when a newer engine is at work, `RepositoryError`, `LockBusy`.
        """
        if self.outer is None:
            return None
        if (now := self.epoch()) > trailers.epoch:
            raise Fenced(f"the repository's epoch is {now}, ours is {trailers.epoch}")
        return self.outer.bump(
            self.checkout,
            self.head,
            subject=subject,
            trailers=trailers,
            when=self._clock.now(),
            holder=_process(),
            wanted=wanted,
        )

    def push(self) -> str:
        """Push the submodule, then the outer repository; `pushed`, or `` when no remote is configured.

        Raises `RepositoryError` with git's words when a push fails; what was pushed stays pushed. `LockBusy`
        while another process of ours pushes: of two pushes at once the remote refuses one.
        """
        if not self._pushes:
            return ""
        outer = self.outer.checkout if self.outer is not None else None
        lock = FileLock(self.checkout.own_dir / "push.lock")
        if not lock.take(_process(), wait=_PUSH_WAIT_SECONDS):
            raise LockBusy(f"{lock.holder()} is pushing", where=str(lock.path))
        try:
            return pushing.push_both(self.checkout, outer, self.remote, branch=self._branch)
        finally:
            lock.release()

    # --- reading ------------------------------------------------------------------------------------

    def find(self, op: str, kind: CommitKind, *, since: str, journal: str) -> Committed | None:
        """A journal's commit with this trailer between `since` and the tip, with the blobs it added."""
        return history.find(self.checkout, self.head(), op, kind, since=since, journal=journal)

    def tree(self) -> Mapping[str, TreeEntry]:
        """Every path of the commit at the tip, with its mode and object."""
        return self._tip.at(self.head())

    def tree_changes(self, old: str, new: str) -> Mapping[str, TreeEntry | None] | None:
        """What became of each path between two commits; None where that is not remembered."""
        return self._tip.between(old, new)

    def top_level(self) -> list[str]:
        """Names of the entries at the top of the commit at the tip."""
        return trees.top_level(self.checkout, self.head())

    def conversions(self, paths: Sequence[str], *, line_ends: bool = False) -> Mapping[str, str]:
        """What attributes tell git to convert at these paths, such as `filter=lfs`; others are left out."""
        return attributes.conversions(self.checkout, paths, line_ends=line_ends)

    def stored_as(self, path: str, other: str) -> str:
        """The object git would make of a file of the checkout at another path, which must have no filter.

        Empty when the file cannot be read.
        """
        return attributes.stored_as(self.checkout, check_relative(path), check_relative(other))

    def size(self) -> int:
        """Bytes of everything git keeps of the artifact repository."""
        return inspection.bytes_kept(self.checkout)

    def blobs_of(self, commit: str, paths: Sequence[str]) -> Mapping[str, str]:
        """Object ids of the files at these paths in a commit; paths that are not there are left out."""
        found = self._tip.some(commit, paths)
        return {path: entry.blob for path, entry in found.items() if entry.mode != GITLINK}

    def modes_of(self, commit: str, paths: Sequence[str]) -> Mapping[str, str]:
        """Their modes, as git writes them; paths that are not there are left out."""
        return {path: entry.mode for path, entry in self._tip.some(commit, paths).items()}

    def export_blob(self, blob: str, write: Callable[[bytes], None]) -> None:
        """Hand a blob's bytes over in chunks."""
        history.export(self.checkout, blob, write)

    def keep_large(self, path: str, sha256: str) -> None:
        """Keep a file of the checkout as the Git LFS object that its pointer stands for. Raises `Refused`."""
        large_files.keep(self.checkout, check_relative(path), sha256)

    def export_large(self, sha256: str, write: Callable[[bytes], None]) -> None:
        """Hand a Git LFS object's bytes over in chunks. Raises `Refused` when it is not here."""
        large_files.export(self.checkout, sha256, write)

    def past_versions(self, path: str, *, limit: int) -> Sequence[PastVersion]:
        """What commits have made of a file, newest first, followed over its moves; `limit` at most."""
        return past_versions.past_versions(self.checkout, self.head(), check_relative(path), limit=limit)

    def has(self, commit: str) -> bool:
        """Whether a commit is there; one that left history is collected some day."""
        return history.exists(self.checkout, commit)

    def describe(self, commit: str) -> CommitInfo:
        """Subject, trailers and paths of one commit."""
        return history.describe(self.checkout, commit)

    def ours(self) -> Sequence[CommitInfo]:
        """Every commit of ours reachable from the tip, newest first, with its paths."""
        return history.ours(self.checkout, self.head())

    def _since(self, holder: str) -> str:
        return f"{holder} since {self._clock.now().isoformat(timespec='seconds')}"


def _process() -> str:
    return f"{os.getpid()}@{socket.gethostname()}"
