"""The rivals' own environment: a virtual environment beside the benchmark's data, and Debian's packages
unpacked there.

Nothing is installed on the machine. What cannot be had is left out with a line that says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_CLIENTS = Path(__file__).with_name("clients")
PACKAGES = ("httpx==0.28.1", "aiolimiter==1.3.0", "pyrate-limiter==4.5.1", "scrapy==2.19.0")
_PROGRAMS = {"wget": "wget", "aria2": "aria2c"}
"""Debian's package and its program."""
OURS = "scidex-console"


@dataclass(frozen=True)
class Client:
    """One client, and the command that has it work on a plan (whose path comes last)."""

    name: str
    command: tuple[str, ...]
    environ: tuple[tuple[str, str], ...] = ()


def clients(folder: Path, only: list[str]) -> list[Client]:
    """Every client that can be had, ours first; made in `folder`, and found there again."""
    found = [Client(OURS, (sys.executable, str(_CLIENTS / "ours.py")))]
    python = _virtual_environment(folder / "python")
    if python is not None:
        limited = str(_CLIENTS / "httpx_limited.py")
        found += [
            Client("httpx + aiolimiter", (python, limited, "aiolimiter")),
            Client("httpx + pyrate-limiter", (python, limited, "pyrate")),
            Client("Scrapy", (python, str(_CLIENTS / "scrapy_slots.py"))),
        ]
    for package, program in _PROGRAMS.items():
        client = _program(folder / "debian", package, program)
        found += [client] if client else []
    return [client for client in found if not only or any(word in client.name for word in only)]


def _virtual_environment(folder: Path) -> str | None:
    python = folder / "bin" / "python"
    made = folder / ".complete"
    if made.exists() and made.read_text() == repr(PACKAGES):
        return str(python)
    made_now = subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=False).returncode == 0
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    if not made_now or subprocess.run(install, check=False).returncode:
        print(f"left out: httpx with limiters and Scrapy, as {' '.join(PACKAGES)} cannot be installed")
        return None
    made.write_text(repr(PACKAGES))
    return str(python)


def _program(folder: Path, package: str, program: str) -> Client | None:
    script = str(_CLIENTS / "programs.py")
    if (path := shutil.which(program)) is not None:
        return Client(package, (sys.executable, script, package, path))
    unpacked = folder / package
    if not (unpacked / "usr" / "bin" / program).exists() and not _unpack(unpacked, package):
        print(f"left out: {package}, as it is not installed and Debian's package cannot be had")
        return None
    libraries = ":".join(str(path) for path in (unpacked / "usr" / "lib").glob("*-linux-gnu"))
    return Client(
        package,
        (sys.executable, script, package, str(unpacked / "usr" / "bin" / program)),
        (("LD_LIBRARY_PATH", libraries),),
    )


def _unpack(folder: Path, package: str) -> bool:
    """Download a package and what it needs that is not installed, and unpack them here."""
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    for step in (
        ["update"],
        ["install", "-y", "--download-only", "-o", f"Dir::Cache::archives={archives}", package],
    ):
        quiet = subprocess.DEVNULL
        if (
            shutil.which("apt-get") is None
            or subprocess.run(["apt-get", "-qq", *step], check=False, stdout=quiet).returncode
        ):
            return False
    for archive in archives.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive, folder], check=True)
    return True


def environ_for(client: Client) -> dict[str, str]:
    """What a client's process finds in its environment; what the clients share can be imported."""
    ours = str(Path(__file__).parents[1])
    return os.environ | dict(client.environ) | {"PYTHONPATH": ours, "PYTHONDONTWRITEBYTECODE": "1"}
