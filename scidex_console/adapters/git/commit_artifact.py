"""The seam through which commits may go instead of our own way: a function that SciDEX provides.

The contract of such a function, named in the configuration as `package.module:function`:

- It is called as `function(paths=[Path, ...], message=str)`, with absolute paths inside the checkout.
- Files to add are in place by then, and those to replace (a manifest of ours) replaced; files to remove are
  gone from the checkout (they stay in git's history).
- It makes one commit on the branch that is checked out, which changes exactly these paths, with exactly this
  message: its last paragraph holds our trailers. Where the repository keeps files of a kind as Git LFS
  pointers, a pointer to the same bytes counts as the file.
- It raises an exception when it could not commit. What it returns is ignored.

Whatever it says, git is looked at afterwards: the commit is found by its trailers and compared path by path.
Our own way needs none of this and is the default; it also moves the branch and proves the epoch in one
transaction, which a foreign function cannot: here the epoch is read just before the call.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from scidex_console.adapters.git import history, refs, trees, worktree_file
from scidex_console.adapters.git.aside import Aside
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.drafts import Edit
from scidex_console.adapters.git.trees import Change
from scidex_console.domain.commits import Trailers
from scidex_console.domain.errors import Halt, Refused, RepositoryError, SettingError
from scidex_console.domain.lfs import POINTER_LIMIT, pointer_oid
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import Committed

Committer = Callable[..., object]
_SYMLINK = "120000"


def load_committer(dotted: str) -> Committer:
    """The function named `package.module:function`. Raises `SettingError` when it cannot be had."""
    where = "repository.commit_artifact"
    module_name, _, function_name = dotted.partition(":")
    if not module_name or not function_name:
        raise SettingError(
            f"{dotted!r} names no function", where=where, fix="write it as package.module:function"
        )
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise SettingError(
            f"{module_name} cannot be imported: {type(error).__name__}: {error}",
            where=where,
            fix="install it into this environment, or put its folder on PYTHONPATH",
        ) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise SettingError(
            f"{module_name} has no function {function_name}", where=where, fix="check the name"
        )
    committer: Committer = function
    return committer


def commit_through(
    committer: Committer,
    checkout: Checkout,
    edits: Sequence[Edit],
    *,
    message: str,
    trailers: Trailers,
    branch: str | None,
    epoch: int,
) -> Committed:
    """Commit by a function that is not ours, and look at what it did.

    Raises `Refused`, `UnsafePath`, `Fenced`, `RepositoryError` when it made no commit of ours, `Halt` when it
    made another one than was asked for.
    """
    tip = checkout.tip(checkout.writable_branch(branch))
    refs.epoch_object(checkout, epoch)
    removed = _require_ready(checkout, tip, edits)
    failure: Exception | None = None
    with _gone(checkout, removed) as aside:
        reach("git.committer.calling")
        try:
            committer(paths=[checkout.worktree / edit.path for edit in edits], message=message)
        except Exception as error:
            failure = error
        reach("git.committer.called")
        now = checkout.tip(checkout.writable_branch(branch))
        found = history.find(checkout, now, trailers.op, trailers.kind, since=tip, journal=trailers.journal)
        if found is None:
            said = f"{type(failure).__name__}: {failure}" if failure else "it raised nothing"
            raise RepositoryError(
                f"the commit function made no commit with our trailers ({said})",
                where="repository.commit_artifact",
                fix="see its contract in the documentation; nothing was changed",
            ) from failure
        aside.keep_out()
    _require_exact(checkout, found, edits)
    return found


@contextmanager
def _gone(checkout: Checkout, paths: Sequence[str]) -> Iterator[Aside]:
    """The files to remove, out of the checkout for the block; back again if it ends badly."""
    aside = Aside(checkout)
    try:
        for path in paths:
            aside.take(path)
        yield aside
    finally:
        aside.close()


def _require_ready(checkout: Checkout, tip: str, edits: Sequence[Edit]) -> list[str]:
    """Every file to add is in place, every file to remove is what git has; the paths to remove."""
    at_tip = trees.entries(checkout, tip, [edit.path for edit in edits])
    removed: list[str] = []
    for edit in edits:
        entry = at_tip.get(edit.path)
        if not edit.removal:
            if edit.mode != _SYMLINK:
                worktree_file.require(checkout.worktree, edit.path, edit.sha256)
            replaces = entry is not None and edit.replaces == entry.object
            if entry is not None and not replaces and _stands_for(checkout, entry.object) != edit.sha256:
                raise Refused("git has another file at this path", where=edit.path)
        elif entry is not None:
            if edit.object and entry.object != edit.object:
                raise Refused("the file to remove is not the one that was added", where=edit.path)
            if worktree_file.present(checkout.worktree, edit.path):
                worktree_file.require(checkout.worktree, edit.path, _stands_for(checkout, entry.object))
                removed.append(edit.path)
    return removed


def _require_exact(checkout: Checkout, found: Committed, edits: Sequence[Edit]) -> None:
    parent = history.commits(checkout, "--no-walk", found.commit)[0].parents
    changed = trees.changes_by_commit(checkout, {found.commit: parent[0] if parent else None})[found.commit]
    wanted = {edit.path: edit for edit in edits}
    wrong = sorted(
        path
        for path, change in changed.items()
        if path not in wanted or not _is_as_asked(checkout, change, wanted[path])
    )
    if wrong:
        raise Halt(
            f"the commit function changed {wrong[0]} in another way than was asked"
            + (f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""),
            where=f"commit {found.commit}",
            fix="look at the commit, revert it by hand, and mend the function before resuming",
        )


def _is_as_asked(checkout: Checkout, change: Change, edit: Edit) -> bool:
    if edit.removal or change.after is None:
        return edit.removal and change.after is None
    return change.after.mode == edit.mode and _stands_for(checkout, change.after.object) == edit.sha256


def _stands_for(checkout: Checkout, blob: str) -> str:
    """sha256 of the file that a blob is, or points to as a Git LFS pointer."""
    hashing = hashlib.sha256()
    head = bytearray()

    def take(chunk: bytes) -> None:
        hashing.update(chunk)
        if len(head) < POINTER_LIMIT:
            head.extend(chunk)

    history.export(checkout, blob, take)
    return pointer_oid(bytes(head)) or hashing.hexdigest()
