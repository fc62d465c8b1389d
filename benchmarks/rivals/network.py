"""A network of the benchmark's own: a namespace whose loopback is the world, with every host name at
127.0.0.1.

All clients use ordinary addresses on ports 80 and 443, with names, certificates and nothing set up for a
test. A delay is put in front of the servers by `delaying.py`. Nothing leaves the namespace: it has no other
interface.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_HOSTS_FILE = "RIVALS_HOSTS_FILE"
_PATIENCE_S = 30.0


def enter_own_network() -> None:
    """Begin again in a namespace of our own; returns there. Raises SystemExit where that cannot be had."""
    if _HOSTS_FILE in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["mount", "--bind", os.environ[_HOSTS_FILE], "/etc/hosts"], check=True)
        return
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        raise SystemExit("needs unshare (util-linux) and ip (iproute2) to make a network of its own")
    handle, os.environ[_HOSTS_FILE] = tempfile.mkstemp(prefix="rivals-hosts-")
    os.close(handle)
    own_user = [] if os.geteuid() == 0 else ["--map-root-user"]
    os.execvp("unshare", ["unshare", "--net", "--mount", *own_user, sys.executable, *sys.argv])


def leave_own_network() -> None:
    """Remove what was made outside the namespace, which goes with its last process."""
    Path(os.environ[_HOSTS_FILE]).unlink(missing_ok=True)


@dataclass(frozen=True)
class World:
    """The figure hosts while they run."""

    folder: Path
    ca_file: Path
    log: Path
    server: subprocess.Popen[bytes]


@contextmanager
def world(
    folder: Path,
    names: Iterable[str],
    script: Mapping[str, object],
    *,
    delay_s: float,
    speed: float,
    hold_s: float,
) -> Iterator[World]:
    """Figure hosts by these names at ports 80 and 443, `delay_s` away, until the block ends.

    `script` is what they answer. Stalls and slow bodies are shortened by `speed`; `hold_s` is what a
    Retry-After asks for.
    """
    folder.mkdir(parents=True)
    lines = [f"127.0.0.1 {name}\n" for name in ("localhost", *names)]
    Path(os.environ[_HOSTS_FILE]).write_text("".join(lines), encoding="utf-8")
    scripted = folder / "script.json"
    scripted.write_text(json.dumps(script), encoding="utf-8")
    ports = (8080, 8443) if delay_s else (80, 443)
    options = [
        "--dir",
        folder,
        "--latency",
        0,
        "--speed",
        speed,
        "--hold",
        hold_s * speed,
        "--script",
        scripted,
    ]
    options += ["--http-port", ports[0], "--https-port", ports[1], "--exit-with-parent", os.getpid()]
    server = subprocess.Popen([sys.executable, "-m", "scidex_console.demo.hosts", *map(str, options)])
    away = None
    try:
        if delay_s:
            program = Path(__file__).with_name("delaying.py")
            away = subprocess.Popen(
                [sys.executable, program, str(delay_s), "80:8080", "443:8443"], stdout=subprocess.PIPE
            )
            assert away.stdout is not None
            away.stdout.readline()
        _await(folder / "hosts.json", server)
        yield World(folder, folder / "ca.pem", folder / "requests.jsonl", server)
    finally:
        for process in (away, server):
            if process is not None:
                process.terminate()
                process.wait()


def _await(description: Path, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not description.exists():
        if server.poll() is not None or time.monotonic() > until:
            raise SystemExit("the figure hosts do not start")
        time.sleep(0.02)
