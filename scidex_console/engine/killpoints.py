"""Numbered places where a crash is interesting.

`SCIDEX_CONSOLE_KILL_AT=n` kills the process with SIGKILL when the n-th place is reached, which is how the
crash tests prove that every step of a batch can be the last one. `SCIDEX_CONSOLE_KILL_LOG` names a file to
which the places reached are appended, so that a test knows how many there are. Without them nothing happens.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_reached = 0


def reach(name: str) -> None:
    """Pass a numbered place; with the right number in the environment, die here."""
    global _reached
    wanted = os.environ.get("SCIDEX_CONSOLE_KILL_AT")
    log = os.environ.get("SCIDEX_CONSOLE_KILL_LOG")
    if wanted is None and log is None:
        return
    _reached += 1
    if log is not None:
        with Path(log).open("a") as places:
            places.write(f"{_reached} {name}\n")
    if wanted is not None and _reached == int(wanted):
        os.kill(os.getpid(), signal.SIGKILL)
