"""Pushing: the submodule before the outer repository, never by force."""

from __future__ import annotations

from scidex_console.adapters.git import environment
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.failures import first_line
from scidex_console.domain.errors import RepositoryError
from scidex_console.engine.killpoints import reach

_TIMEOUT_SECONDS = 900.0


def has_remote(checkout: Checkout, remote: str) -> bool:
    """Whether the repository's own configuration gives the remote an address."""
    found = checkout.commands.run("config", "--get-all", f"remote.{remote}.url", accept=(0, 1))
    return found.status == 0


def push_both(inner: Checkout, outer: Checkout | None, remote: str | None, *, branch: str | None) -> str:
    """Push the artifact repository, then the outer one, where each has the remote.

    `pushed`, or `` when neither has. Raises `RepositoryError`; the outer repository is never pushed when it
    would point at a commit that nobody else can have.
    """
    if remote is None:
        return ""
    inner_has = has_remote(inner, remote)
    if inner_has:
        push(inner, remote, inner.writable_branch(branch), check_submodules=False)
    reach("git.push.inner_done")
    if outer is None or not has_remote(outer, remote):
        return "pushed" if inner_has else ""
    if not inner_has:
        raise RepositoryError(
            f"has no remote {remote}, but the outer repository has one",
            where=str(inner.worktree),
            fix="add the remote here, or turn pushing off",
        )
    push(outer, remote, outer.writable_branch(None), check_submodules=True)
    reach("git.push.outer_done")
    return "pushed"


def push(checkout: Checkout, remote: str, branch: str, *, check_submodules: bool) -> None:
    """Push one branch to the branch of the same name. Raises `RepositoryError` with git's words.

    With `check_submodules` git refuses while a submodule's commit is not on its remote.
    """
    output = checkout.commands.run(
        "push",
        "--porcelain",
        "--no-verify",
        "--no-signed",
        "--no-follow-tags",
        "--receive-pack=git-receive-pack",
        f"--recurse-submodules={'check' if check_submodules else 'no'}",
        "--",
        remote,
        f"{branch}:{branch}",
        accept=range(-64, 256),
        transports=environment.TRANSPORTS,
        timeout=_TIMEOUT_SECONDS,
    )
    if output.status == 0:
        return
    rejected = [line for line in output.text().splitlines() if line.startswith("!")]
    reason = " ".join(rejected[0].removeprefix("!").split()) if rejected else first_line(output.stderr)
    raise RepositoryError(
        f"the push to {remote} failed: {reason}",
        where=str(checkout.worktree),
        fix="what is committed stays; fetch and merge if the remote is ahead, then it is pushed again",
    )
