"""Asking a remote whether it answers, and whether it holds something this repository does not."""

from __future__ import annotations

from dataclasses import dataclass

from scidex_console.adapters.git import environment, history
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.failures import first_line
from scidex_console.domain.errors import RepositoryError


@dataclass(frozen=True)
class RemoteState:
    """What a remote said."""

    trouble: str
    """Why it cannot be asked, in git's words; empty when it answered."""
    tip: str | None
    """What it holds as the branch; None when it has no such branch."""
    is_ahead: bool
    """Whether that is a commit this repository's branch does not contain: a push would be rejected."""


def ask(checkout: Checkout, remote: str, branch: str, *, timeout: float) -> RemoteState:
    """Ask for one branch, waiting `timeout` seconds at most. Fetches nothing."""
    command = ("ls-remote", "--quiet", "--upload-pack=git-upload-pack", "--", remote, f"refs/heads/{branch}")
    try:
        output = checkout.commands.run(
            *command, accept=range(-64, 256), transports=environment.TRANSPORTS, timeout=timeout
        )
    except RepositoryError as error:
        return RemoteState(error.what, None, is_ahead=False)
    if output.status != 0:
        return RemoteState(first_line(output.stderr), None, is_ahead=False)
    tip = output.text().split("\t")[0] or None
    head = checkout.resolve("HEAD")
    ahead = tip is not None and head is not None and not history.is_ancestor(checkout, tip, head)
    return RemoteState("", tip, is_ahead=ahead)
