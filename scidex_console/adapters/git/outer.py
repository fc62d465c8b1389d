"""The outer repository: moving its submodule pointer to the artifact repository's tip."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scidex_console.adapters.git import branch_commit, history, repair, trees
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.drafts import Draft, Edit, Series
from scidex_console.adapters.git.locks import FileLock
from scidex_console.domain.commits import CommitKind, Trailers, message, parse_trailers
from scidex_console.domain.errors import LockBusy, Refused, RepositoryError, SettingError

_WAIT_SECONDS = 10.0
"""For another writer of ours in the outer repository."""
_RECENT = "--max-count=500"
"""How far back to look for a commit that was made before a crash."""


@dataclass(frozen=True)
class Outer:
    """The outer checkout and the place of the submodule in it."""

    checkout: Checkout
    path: str
    """The submodule's folder, relative to the outer one, with forward slashes."""

    @classmethod
    def around(cls, inner: Checkout, folder: Path) -> Outer:
        """The outer checkout in `folder`, with `inner` inside. Raises `Unreachable`, `SettingError`."""
        checkout = Checkout.find(folder)
        relative = os.path.relpath(inner.worktree, checkout.worktree)
        if relative == os.curdir or relative.startswith(os.pardir):
            raise SettingError(
                f"repository.outer is {checkout.worktree}, and {inner.worktree} is not inside it",
                fix="name the repository that has it as a submodule, or none",
            )
        return cls(checkout, relative.replace(os.sep, "/"))

    def pointer(self) -> str | None:
        """Commit that the outer branch records for the submodule; None when it records none."""
        tip = self.checkout.resolve("HEAD")
        if tip is None:
            return None
        entry = trees.entries(self.checkout, tip, [self.path]).get(self.path)
        return entry.object if entry and entry.mode == trees.GITLINK else None

    def bump(
        self,
        inner: Checkout,
        tip: Callable[[], str],
        *,
        subject: str,
        trailers: Trailers,
        when: datetime,
        holder: str,
        wanted: str = "",
    ) -> str | None:
        """Commit `tip` as the submodule's new place; None when it is there already. No file is touched.

        None, too, when the commit `wanted` is in the history of where it is.

        An operation moves the pointer once: repeated, this names the commit that did, and makes no other.

        Raises `RepositoryError` when the outer checkout is busy, detached, or records a commit that the
        artifact repository has left behind; `LockBusy`.
        """
        self.checkout.writable_branch(None)
        # Looked at under the lock: an engine and other writers publish each other's batches.
        with self._writing(holder):
            return self._bump(inner, tip(), message(subject, trailers), trailers, when, wanted)

    def _bump(
        self, inner: Checkout, tip: str, text: str, trailers: Trailers, when: datetime, wanted: str
    ) -> str | None:
        now = self.pointer()
        if now is None:
            raise RepositoryError(
                f"does not record {self.path} as a submodule",
                where=str(self.checkout.worktree),
                fix="`git submodule add` it, or unset repository.outer",
            )
        made = self._made_before(trailers)
        if made is not None or now == tip:
            return made
        if not history.is_ancestor(inner, now, tip):
            raise RepositoryError(
                f"records {now[:12]} for {self.path}, which is no ancestor of its tip {tip[:12]}",
                where=str(self.checkout.worktree),
                fix="fetch and merge it in the submodule; if that is lost for good, commit the tip here",
            )
        if wanted and history.is_ancestor(inner, wanted, now):
            return None
        edit = Edit(self.path, mode=trees.GITLINK, object=tip, replaces="")
        request = branch_commit.Request(
            series=Series([Draft([edit], text)]),
            when=when,
            purpose=f"{trailers.kind} {trailers.op}",
            branch=None,
            epoch=None,
        )
        try:
            return branch_commit.commit(self.checkout, request).commit
        except Refused as error:
            raise RepositoryError(error.what, where=error.where, fix=error.fix) from error

    def _made_before(self, trailers: Trailers) -> str | None:
        """A pointer commit of the same operation: a crash may have come before it was journalled."""
        head = self.checkout.resolve("HEAD")
        recent = history.commits(self.checkout, _RECENT, head) if head else []
        found = history.with_trailer(recent, trailers.op, trailers.kind, trailers.journal)
        return found.id if found else None

    def repair(self, holder: str) -> None:
        """Clear what a crash of ours left, and bring the index after a pointer commit that it missed.

        An index entry that somebody has staged otherwise stays as it is.
        """
        stale = self._index_missed_our_commit()
        if stale or repair.leftovers(self.checkout):
            with self._writing(holder):
                repair.clear(self.checkout)
                repair.repair_index(self.checkout, [self.path] if stale else [])

    def _index_missed_our_commit(self) -> bool:
        """Whether HEAD is a pointer commit of ours while the index still has what it replaced."""
        tip = self.checkout.resolve("HEAD")
        if tip is None:
            return False
        head = history.commits(self.checkout, "--no-walk", tip)[0]
        trailers = parse_trailers(head.message)
        if trailers is None or trailers.kind is not CommitKind.POINTER or not head.parents:
            return False
        now = trees.entries(self.checkout, tip, [self.path]).get(self.path)
        before = trees.entries(self.checkout, head.parents[0], [self.path]).get(self.path)
        return before != now and trees.staged(self.checkout, [self.path]).get(self.path) == (before,)

    def lock(self) -> FileLock:
        """The lock of whoever writes the outer repository for us."""
        return FileLock(self.checkout.own_dir / "writer.lock")

    @contextmanager
    def _writing(self, holder: str) -> Iterator[None]:
        lock = self.lock()
        if not lock.take(holder, wait=_WAIT_SECONDS):
            raise LockBusy(f"the outer repository is being written by {lock.holder()}", where=str(lock.path))
        try:
            yield
        finally:
            lock.release()
