"""Has a client work on a plan, and watches the process from outside."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from rivals.environment import Client, environ_for
from rivals.network import World
from rivals.plan import Plan, Said, read_results, read_sent
from scidex_console.demo.hosts.request_log import LoggedRequest, read_requests

_LOOK_S = 0.02


@dataclass(frozen=True)
class Ran:
    """What a client did with a plan."""

    client: str
    plan: Plan
    seconds: float
    processor_s: float
    """Of the client and every process it started."""
    peak_mib: float
    """The peaks of memory resident, of all its processes that ran at once, added up."""
    said: dict[str, Said]
    requests: list[LoggedRequest]
    """What the servers saw."""
    sent: dict[str, list[int]]
    """When the requests of each group left, by the client's own word; monotonic nanoseconds."""
    server_s: float
    """Seconds of a processor the servers spent meanwhile."""


def run(client: Client, plan: Plan, world: World) -> Ran:
    """Run a client to its end; what the servers had logged before does not count."""
    path = Path(plan.folder) / "plan.json"
    plan.write(path)
    skip = len(list(read_requests(world.log)))
    server = _processor_s(world.server.pid)
    began = time.monotonic()
    process = subprocess.Popen([*client.command, str(path)], env=environ_for(client))
    watch = _Memory(process.pid)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    peak = watch.ended()
    if process.returncode:
        print(f"{client.name} ended with {process.returncode}")
    time.sleep(0.5)  # the servers write their log every 0.2 s
    return Ran(
        client.name,
        plan,
        seconds,
        used.ru_utime + used.ru_stime,
        peak,
        read_results(Path(plan.folder)),
        list(read_requests(world.log))[skip:],
        read_sent(Path(plan.folder)),
        _processor_s(world.server.pid) - server,
    )


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Memory:
    """The most memory a process and its children have had resident at once."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._most = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def ended(self) -> float:
        """Stop watching; MiB."""
        self._stop.set()
        self._thread.join()
        return self._most / 1024

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_S):
            self._most = max(self._most, _resident_kib(self._pid))


def _resident_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    own = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
    return own + sum(_resident_kib(int(child)) for child in children)
