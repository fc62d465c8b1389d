"""Pushing: the submodule before the outer repository, never by force."""

from __future__ import annotations

from scidex_console.adapters.git import environment
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.failures import first_line
from scidex_console.domain.errors import RepositoryError

_TIMEOUT_SECONDS = 900.0


def has_remote(checkout: Checkout, remote: str) -> bool:
    """Whether the repository's own configuration gives the remote an address."""
    found = checkout.commands.run("config", "--get-all", f"remote.{remote}.url", accept=(0, 1))
    return found.status == 0


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
