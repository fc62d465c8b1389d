"""Start, recognise and end the server process.

A pid alone proves nothing: after a crash or a reboot it may belong to anybody. A process counts as the
server of a data folder only when its command line says so, which every user may read, also in containers
where root cannot look at other accounts' processes more closely.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from scidex_console.demo.postgres.account import Account
from scidex_console.demo.postgres.errors import EmbeddedPostgresError

PID_FILE = "postmaster.pid"

# Seconds: a fast shutdown writes a checkpoint; an immediate one writes nothing and recovers at next start.
_FAST_SHUTDOWN_PATIENCE = 60.0
_IMMEDIATE_SHUTDOWN_PATIENCE = 15.0
_ASK_AGAIN = 1.0
_CHANGING_PATIENCE = 10.0  # seconds a process may take from one program to the next
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD among the flags of /proc/PID/stat

# The shell leaves the server to init, prints its pid and ends: no child of ours is left to reap.
# Everything that varies travels as an argument, so that no name is ever read as shell text.
_DETACH = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'


def run_to_end(argv: Sequence[str | Path], account: Account | None, folder: Path) -> None:
    """Run a program in `folder` as the account. EmbeddedPostgresError carries its complaint."""
    done = _run(argv, account, folder)
    if done.returncode != 0:
        output = (done.stderr.strip() or done.stdout.strip()) or f"exit code {done.returncode}"
        raise EmbeddedPostgresError(f"{Path(argv[0]).name} failed: {output}", where=str(folder))


def launch_server(
    postgres: Path, data: Path, settings: Mapping[str, str], log: Path, account: Account | None
) -> int:
    """Start `postgres` on `data` in a session of its own, its output appended to `log`; its pid."""
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    done = _run(["sh", "-c", _DETACH, "sh", log, postgres, "-D", data, *options], account, data.parent)
    if done.returncode != 0:
        raise EmbeddedPostgresError(f"cannot start PostgreSQL: {done.stderr.strip()}", where=str(data))
    return int(done.stdout)


def running_server(data: Path) -> int | None:
    """The pid of the server that runs on `data`, or None. Whether it can be reached is another question."""
    pid = _recorded_pid(data / PID_FILE)
    return pid if pid is not None and is_server(pid, data) else None


def is_server(pid: int, data: Path) -> bool:
    """Whether this process is a PostgreSQL server on `data`."""
    return f"postgres -D {data} " in f"{_command_line(pid)} "


def is_ready(data: Path) -> bool:
    """Whether the server says of itself that it accepts connections (line 8 of postmaster.pid)."""
    lines = _lines(data / PID_FILE)
    return len(lines) > 7 and lines[7].strip() == "ready"


def listens_at(data: Path) -> tuple[str, str] | None:
    """Folder of the socket and port of the server on `data` (lines 5 and 4 of postmaster.pid)."""
    lines = _lines(data / PID_FILE)
    return (lines[4].strip(), lines[3].strip()) if len(lines) > 4 and lines[4].strip() else None


def forget_misleading_pid(lock_file: Path) -> None:
    """Remove a dead server's lock file that PostgreSQL itself would not see through.

    It clears a dead pid away on its own, but refuses to start when the pid was reused, when it is a zombie
    that nobody reaps (as in containers without an init), or when the file was cut short. Call it only when
    no server runs. Survivors of a killed server stay safe: PostgreSQL also finds them by their shared memory.
    """
    pid = _recorded_pid(lock_file)
    if pid is None or _exists(pid):
        lock_file.unlink(missing_ok=True)


def end_server(pid: int, data: Path) -> None:
    """Shut the server down and wait until it is gone: sessions are ended, committed data is kept."""
    if _ends(pid, data, signal.SIGINT, _FAST_SHUTDOWN_PATIENCE):
        return
    if _ends(pid, data, signal.SIGQUIT, _IMMEDIATE_SHUTDOWN_PATIENCE):
        return
    raise EmbeddedPostgresError(
        f"the PostgreSQL server (process {pid}) does not stop",
        where=str(data),
        fix="look at its log, end it by hand",
    )


def _ends(pid: int, data: Path, how: signal.Signals, patience: float) -> bool:
    """Ask the server to end; whether it has within `patience` seconds."""
    deadline = time.monotonic() + patience
    ask_again = 0.0
    while is_server(pid, data):
        now = time.monotonic()
        if now > deadline:
            return False
        if now >= ask_again:  # a server that was only just started did not listen yet
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            ask_again = now + _ASK_AGAIN
        time.sleep(0.01)
    return True


def _run(
    argv: Sequence[str | Path], account: Account | None, folder: Path
) -> subprocess.CompletedProcess[str]:
    # A clean environment: a stray PGDATA or PGPORT must not redirect the server; C keeps messages English.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    common = {"cwd": folder, "env": environment, "umask": 0o077, "start_new_session": True}
    if account is not None:
        common |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    try:
        return subprocess.run(  # type: ignore[call-overload, no-any-return]
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **common
        )
    except OSError as error:
        raise EmbeddedPostgresError(
            f"cannot run {Path(argv[0]).name}: {error}", where=str(argv[0])
        ) from error


def _lines(lock_file: Path) -> list[str]:
    try:
        return lock_file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _recorded_pid(lock_file: Path) -> int | None:
    lines = _lines(lock_file)
    return int(lines[0]) if lines and lines[0].strip().isdecimal() else None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _command_line(pid: int) -> str:
    """The words a process was started with; empty for a dead one and for a zombie."""
    if sys.platform != "linux":
        done = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()
    deadline = time.monotonic() + _CHANGING_PATIENCE
    while not (raw := _proc(pid, "cmdline")) and _is_changing(pid) and time.monotonic() < deadline:
        time.sleep(0.001)
    return raw.replace(b"\0", b" ").decode(errors="surrogateescape").strip()


def _is_changing(pid: int) -> bool:
    """Whether a process is between two programs, or between its last one and its end.

    Linux shows no words of either for a moment, which may be long on a busy machine. It never shows any of
    a zombie, nor of its own threads.
    """
    state, *numbers = _proc(pid, "stat").rpartition(b")")[2].split() or [b"X"]
    return state not in b"ZXx" and not int(numbers[5]) & _KERNEL_THREAD


def _proc(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
