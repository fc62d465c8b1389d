"""Starts the figure hosts as a process of their own and waits until they listen."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scidex_console.domain.errors import Unreachable

_PATIENCE_S = 60.0
_PAUSE_S = 0.02


@dataclass(frozen=True)
class HostsDescription:
    """What a client must know of the hosts that run."""

    pid: int
    address: str
    http_port: int
    https_port: int
    ca_file: Path
    log: Path
    """One JSON line per request."""
    hosts: int
    """How many host names they stand for."""


def start_hosts(folder: Path, *, seed: int, speed: float, parent: int | None) -> subprocess.Popen[bytes]:
    """Start the hosts; everything of theirs goes into `folder`. Call `await_hosts` next.

    With `parent` they end by themselves when that process is gone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hosts.json").unlink(missing_ok=True)
    options = ["--dir", str(folder), "--seed", str(seed), "--speed", str(speed)]
    if parent is not None:
        options += ["--exit-with-parent", str(parent)]
    with (folder / "hosts.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "scidex_console.demo.hosts", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # an interrupt typed at the terminal must not take the hosts first
        )


def await_hosts(process: subprocess.Popen[bytes], folder: Path) -> HostsDescription:
    """Wait until the hosts listen. Raises `Unreachable`, with their own words, when they end instead."""
    deadline = time.monotonic() + _PATIENCE_S
    while (description := read_description(folder)) is None or description.pid != process.pid:
        if process.poll() is not None:
            raise _failed(folder, f"ended with exit code {process.returncode}")
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise _failed(folder, f"did not listen within {_PATIENCE_S:.0f} seconds")
        time.sleep(_PAUSE_S)
    return description


def read_description(folder: Path) -> HostsDescription | None:
    """What the hosts that were started last in `folder` said of themselves; None: nothing."""
    try:
        value: dict[str, Any] = json.loads((folder / "hosts.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return HostsDescription(
        value["pid"],
        value["address"],
        value["http_port"],
        value["https_port"],
        Path(value["ca_file"]),
        Path(value["log"]),
        len(value["hosts"]),
    )


def _failed(folder: Path, what: str) -> Unreachable:
    log = folder / "hosts.log"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    words = f": {lines[-1]}" if lines else ""
    return Unreachable(f"the demo's figure hosts {what}{words}", where=str(log))
