"""Start the program as `subprocess` and `asyncio` do, in a process that has it loaded already.

Loading takes up to a second of a processor; a fork of a process that did so once takes a hundredth. All
else is as after a start by the interpreter: a child of ours with a pid, streams, a session, an environment, a
folder and an exit code of its own. What cannot be started so (other programs, options of the interpreter,
another system) is started as ever. Tests of the wheel, over SSH, from a pipe, and of engines with a limit see
that the interpreter starts the program, too.
"""

from __future__ import annotations

import asyncio
import atexit
import fcntl
import os
import pickle
import socket
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest.mock import patch

from tests.mould import CAN_FORK, LENGTH, Order

PROGRAM = [sys.executable, "-m", "scidex_console"]


def own_terminal() -> None:
    """As `preexec_fn`, in a new session: standard input becomes its terminal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class _Mould:
    """The process that forks, once one is needed; it ends when this process does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: socket.socket | None = None

    def start(self, order: Order, streams: Sequence[int]) -> int:
        """The pid of a child of this process that does it."""
        text = pickle.dumps(order)
        with self._lock:
            orders = self._orders or self._made()
            socket.send_fds(orders, [LENGTH.pack(len(text))], list(streams))
            orders.sendall(text)
            pid: int = LENGTH.unpack(orders.recv(LENGTH.size, socket.MSG_WAITALL))[0]
            return pid

    def _made(self) -> socket.socket:
        self._orders, theirs = socket.socketpair()
        with theirs:
            words = [sys.executable, "-m", "tests.mould", str(theirs.fileno())]
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
            process = subprocess.Popen(words, env=environment, pass_fds=[theirs.fileno()])
        atexit.register(_end, self._orders, process)
        return self._orders


def _end(orders: socket.socket, process: subprocess.Popen[bytes]) -> None:
    orders.close()
    process.wait()


_MOULD = _Mould()


class Popen(subprocess.Popen[Any]):
    """As `subprocess.Popen`."""

    def _execute_child(  # type: ignore[override]
        self,
        args: Sequence[str],
        executable: str | None,
        preexec_fn: Callable[[], None] | None,
        close_fds: bool,
        pass_fds: Sequence[int],
        cwd: str | None,
        env: Mapping[str, str] | None,
        startupinfo: Any,
        creationflags: int,
        shell: bool,
        p2cread: int,
        p2cwrite: int,
        c2pread: int,
        c2pwrite: int,
        errread: int,
        errwrite: int,
        restore_signals: bool,
        gid: Any,
        gids: Any,
        uid: Any,
        umask: int,
        start_new_session: bool,
        process_group: int,
    ) -> None:
        words = list(args)
        if (
            not CAN_FORK
            or words[0] != sys.executable
            or words[1] not in ("-m", "-c")
            or preexec_fn not in (None, own_terminal)
            or pass_fds
            or process_group != -1
        ):
            super()._execute_child(  # type: ignore[misc]
                *(args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo, creationflags),
                *(shell, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, restore_signals),
                *(gid, gids, uid, umask, start_new_session, process_group),
            )
            return
        order = Order(
            tuple(words[1:]),
            dict(os.environ if env is None else env),
            os.fspath(cwd or os.getcwd()),
            start_new_session,
            preexec_fn is own_terminal,
        )
        ends = (p2cread, c2pwrite, errwrite)
        self.pid = _MOULD.start(order, [own if end == -1 else end for own, end in enumerate(ends)])
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]


def run(words: Sequence[str], **options: Any) -> subprocess.CompletedProcess[Any]:
    """As `subprocess.run`."""
    with patch("subprocess.Popen", Popen):
        return subprocess.run(words, **options)


async def create_subprocess_exec(*words: str, **options: Any) -> asyncio.subprocess.Process:
    """As `asyncio.create_subprocess_exec`."""
    with patch("subprocess.Popen", Popen):
        return await asyncio.create_subprocess_exec(*words, **options)
