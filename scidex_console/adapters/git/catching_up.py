"""Taking over what others have pushed: only forward, and only into a clean checkout.

Spec: `git submodule update --remote` before each batch. That command leaves the checkout detached and may
throw commits away; here the branch moves along, or stays where it is and the reason is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from scidex_console.adapters.git import environment, history
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.failures import first_line
from scidex_console.adapters.git.index import filter_drivers
from scidex_console.adapters.git.locks import FileLock
from scidex_console.adapters.git.pushing import has_remote
from scidex_console.domain.errors import LockBusy, RepositoryError
from scidex_console.engine.killpoints import reach

_TIMEOUT_SECONDS = 300.0
_PATIENCE_SECONDS = 1.0
"""For a batch that is on its way, or old paths that are being taken away."""


@dataclass(frozen=True)
class _Fetched:
    """What the remote has."""

    ahead: str = ""
    """The commit that the branch may move to, if the remote is ahead of it."""
    why_not: str = ""
    """Why the branch must be left alone, where it is not up to date."""


def catch_up(
    checkout: Checkout, remote: str | None, alone: FileLock, *, branch: str | None, holder: str
) -> str:
    """Move the branch to what the remote has; why it was left alone, or nothing when it is up to date.

    The remote is asked whoever writes meanwhile; files change only under the lock `alone`, taken as `holder`.
    """
    try:
        found = _fetch(checkout, remote, branch)
        if not found.ahead:
            return found.why_not
        if not alone.take(holder, wait=_PATIENCE_SECONDS):
            return f"the repository is being written by {alone.holder() or 'another writer'}"
        try:
            name = checkout.writable_branch(branch).removeprefix("refs/heads/")
            return _fast_forward(checkout, found.ahead, f"{remote}/{name}")
        finally:
            alone.release()
    except LockBusy as error:
        return error.what


def _fetch(checkout: Checkout, remote: str | None, branch: str | None) -> _Fetched:
    name = checkout.writable_branch(branch).removeprefix("refs/heads/")
    if remote is None or not has_remote(checkout, remote):
        return _Fetched()
    fetched = checkout.commands.run(
        "fetch",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-auto-maintenance",
        "--upload-pack=git-upload-pack",
        "--",
        remote,
        f"+refs/heads/{name}:refs/remotes/{remote}/{name}",
        accept=range(-64, 256),
        transports=environment.TRANSPORTS,
        timeout=_TIMEOUT_SECONDS,
    )
    if fetched.status:
        return _Fetched(why_not=f"{remote} cannot be asked: {first_line(fetched.stderr)}")
    reach("git.caught_up.fetched")
    theirs = checkout.resolve(f"refs/remotes/{remote}/{name}")
    ours = checkout.tip(f"refs/heads/{name}")
    if theirs is None or history.is_ancestor(checkout, theirs, ours):
        return _Fetched()
    if not history.is_ancestor(checkout, ours, theirs):
        return _Fetched(why_not=f"{remote}/{name} and this branch have parted: merge them by hand")
    return _Fetched(ahead=theirs)


def _fast_forward(checkout: Checkout, theirs: str, shown: str) -> str:
    # Content filters are somebody's programs; files that come in are as git has them.
    plain = environment.without_filters(filter_drivers(checkout))
    status = ("status", "--porcelain", "-z", "--untracked-files=no")
    if checkout.commands.run(*status, settings=plain).stdout:
        return f"{shown} is ahead, and the checkout has changes of its own: commit or put them away"
    try:
        checkout.commands.run("merge", "--ff-only", "--no-stat", "--quiet", theirs, settings=plain)
    except (RepositoryError, LockBusy) as error:
        return f"{shown} is ahead and cannot be taken over: {error.what}"
    reach("git.caught_up.moved")
    return ""
