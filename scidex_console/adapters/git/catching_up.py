"""Taking over what others have pushed: only forward, and only into a clean checkout.

Spec: `git submodule update --remote` before each batch. That command leaves the checkout detached and may
throw commits away; here the branch moves along, or stays where it is and the reason is told.
"""

from __future__ import annotations

from scidex_console.adapters.git import environment, history
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.failures import first_line
from scidex_console.adapters.git.index import filter_drivers
from scidex_console.adapters.git.pushing import has_remote
from scidex_console.domain.errors import LockBusy, RepositoryError
from scidex_console.engine.killpoints import reach

_TIMEOUT_SECONDS = 300.0


def catch_up(checkout: Checkout, remote: str | None, *, branch: str | None) -> str:
    """Move the branch to what the remote has; why it was left alone, or nothing when it is up to date."""
    name = checkout.writable_branch(branch).removeprefix("refs/heads/")
    if remote is None or not has_remote(checkout, remote):
        return ""
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
        return f"{remote} cannot be asked: {first_line(fetched.stderr)}"
    reach("git.caught_up.fetched")
    theirs = checkout.resolve(f"refs/remotes/{remote}/{name}")
    ours = checkout.tip(f"refs/heads/{name}")
    if theirs is None or history.is_ancestor(checkout, theirs, ours):
        return ""
    if not history.is_ancestor(checkout, ours, theirs):
        return f"{remote}/{name} and this branch have parted: merge them by hand"
    return _fast_forward(checkout, theirs, f"{remote}/{name}")


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
