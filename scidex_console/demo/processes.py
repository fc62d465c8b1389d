"""Recognise and end processes that were started earlier, perhaps by somebody else.

A pid alone proves nothing: the process may be gone and its number given to another. A process is known by its
pid together with when it started, and nothing else is ever signalled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from scidex_console.domain.errors import Unreachable

_PAUSE_S = 0.02


@dataclass(frozen=True)
class ProcessRecord:
    """One process, so that it can be found again and never be mistaken."""

    name: str
    """What it does: `engine`, `figure hosts`."""
    pid: int
    started: str
    """When it started, as the system words it; comparable only with `start_of`."""

    @classmethod
    def of(cls, name: str, pid: int) -> Self:
        """The record of a process that runs. Raises `Unreachable` when it does not."""
        started = start_of(pid)
        if not started:
            raise Unreachable(f"the {name} (process {pid}) has ended")
        return cls(name, pid, started)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """As `as_json` wrote it. KeyError, TypeError or ValueError for anything else."""
        return cls(str(value["name"]), int(value["pid"]), str(value["started"]))

    def as_json(self) -> dict[str, str | int]:
        """Plain values."""
        return {"name": self.name, "pid": self.pid, "started": self.started}

    def is_running(self) -> bool:
        """Whether this very process still runs."""
        return bool(self.started) and start_of(self.pid) == self.started

    def end(self, patience_s: float) -> bool:
        """Ask it to end (SIGTERM); after `patience_s` seconds make it (SIGKILL). Whether it is gone."""
        for number, seconds in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
            self._signal(number)
            deadline = time.monotonic() + seconds
            while self.is_running():
                if time.monotonic() > deadline:
                    break
                time.sleep(_PAUSE_S)
            else:
                return True
        return False

    def _signal(self, number: signal.Signals) -> None:
        """Signal this process and no other, even if its pid passes on at this very moment."""
        try:
            if sys.platform == "linux":
                handle = os.pidfd_open(self.pid)
                try:
                    if self.is_running():
                        signal.pidfd_send_signal(handle, number)
                finally:
                    os.close(handle)
            elif self.is_running():
                os.kill(self.pid, number)
        except ProcessLookupError:
            return


def start_of(pid: int) -> str:
    """When the process with this pid started, in words that differ between boots; empty: there is none.

    A process that has ended but was not yet collected by its parent counts as gone.
    """
    if sys.platform != "linux":
        done = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        state, _, started = done.stdout.strip().partition(" ")
        return "" if state.startswith("Z") else started.strip()
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # The second field, the program's name in brackets, may hold anything, brackets and blanks included.
    fields = line.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else f"{boot}:{fields[19]}"
