"""What the environment says of the session this process runs in: who is there, from where, on what terminal.

None of it is a setting: nobody writes it down, the login and the terminal provide it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Session:
    """A session as its environment describes it; every text is as somebody else wrote it."""

    account: str
    """Who logged in; empty when nothing says."""
    ssh_peer: str
    """Address of the other side of an SSH session; empty for a local one."""
    terminal: str
    """Kind of terminal ($TERM); `dumb` when nothing says."""


def read_session(environ: Mapping[str, str] | None = None) -> Session:
    """The session of this process; `environ` replaces its environment in tests."""
    given = os.environ if environ is None else environ
    return Session(
        account=given.get("LOGNAME") or given.get("USER") or "",
        ssh_peer=given.get("SSH_CONNECTION", "").split(" ")[0],
        terminal=given.get("TERM") or "dumb",
    )


def state_folder() -> Path:
    """The folder where this account's programs keep what they remember; it need not exist."""
    return platformdirs.user_state_path("scidex-console")


def forget_fixed_size() -> None:
    """Take $COLUMNS and $LINES away, handed down by some shells: they hide that a terminal was resized."""
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
