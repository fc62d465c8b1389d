"""An OpenSSH server of a test's own on the loopback, and clients that trust nothing but its key."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SEPARATION = Path("/run/sshd")
"""Where root's sshd wants an empty folder; its service makes it before it starts, and so do we."""


def why_no_sshd() -> str:
    """What is missing for a session over SSH; empty when nothing is."""
    missing = [name for name in ("ssh", "ssh-keygen", "tmux") if not shutil.which(name)]
    missing += [] if _sshd() else ["sshd"]
    return f"not installed: {', '.join(missing)}" if missing else ""


def _sshd() -> str | None:
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True)
class Sshd:
    """A server that is up."""

    folder: Path
    port: int

    def client(self, command: Sequence[str], env: Mapping[str, str]) -> list[str]:
        """The words of a client that runs `command` there on a terminal, with these variables set."""
        options = {
            "IdentityFile": self.folder / "login",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.folder / "known_hosts",
            "GlobalKnownHostsFile": "none",
            "StrictHostKeyChecking": "yes",
            "PreferredAuthentications": "publickey",
            "LogLevel": "ERROR",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        there = shlex.join(["env", *(f"{name}={value}" for name, value in env.items()), *command])
        return [
            "ssh",
            "-F",
            "none",
            "-tt",
            "-p",
            str(self.port),
            *words,
            f"{getpass.getuser()}@127.0.0.1",
            there,
        ]


@contextmanager
def serving(folder: Path) -> Iterator[Sshd]:
    """A server with its own host key and configuration, which lets in whoever has the key `login`."""
    folder.mkdir(parents=True)
    for name in ("host", "login"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)], check=True
        )
    if os.geteuid() == 0:
        _SEPARATION.mkdir(mode=0o755, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile {folder}/sshd.pid\n"
        f"AuthorizedKeysFile {folder}/login.pub\nAuthenticationMethods publickey\nStrictModes no\n"
        "PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "UsePAM no\nPrintMotd no\nPrintLastLog no\n"
    )
    program = _sshd()
    assert program is not None
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=log
        )
        try:
            _wait_until_it_answers(server, port, folder / "log")
            yield Sshd(folder, port)
        finally:
            server.terminate()
            server.wait(20)


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert server.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.02)
