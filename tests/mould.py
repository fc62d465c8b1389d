"""The process from which tests fork programs that need not load anything first: see `tests.warm`.

`python -m tests.mould DESCRIPTOR` loads the whole product, and then takes one `Order` after the other from a
socket, with the three standard streams, and answers with the pid of the process that it made for it.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import locale
import os
import pickle
import pkgutil
import platform
import runpy
import signal
import socket
import struct
import sys
import termios
import threading
from dataclasses import dataclass
from fcntl import ioctl
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn

_CLONE_PARENT = 0x00008000
_CLONE = {"x86_64": 56, "aarch64": 220}
"""The number of the system call, by machine."""
CAN_FORK = sys.platform == "linux" and platform.machine() in _CLONE
LENGTH = struct.Struct("!I")


@dataclass(frozen=True)
class Order:
    """What is to be started, and how: as words after the interpreter, `-m MODULE …` or `-c CODE …`."""

    words: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    new_session: bool
    own_terminal: bool


def _load_everything() -> None:
    package = import_module("scidex_console")
    for module in pkgutil.walk_packages(package.__path__, "scidex_console."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def _sibling() -> int:
    """Fork, but a child of our own parent, who can wait for it; 0 in the child, in the parent its pid."""
    python, libc = ctypes.pythonapi, ctypes.PyDLL(None)
    python.PyOS_BeforeFork()
    pid: int = libc.syscall(_CLONE[platform.machine()], _CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        python.PyOS_AfterFork_Child()
    else:
        python.PyOS_AfterFork_Parent()
    return pid


def _next(orders: socket.socket) -> Order | None:
    """Wait until there is something to do as a process made for it; None: no order will come any more."""
    while True:
        head, streams, _, _ = socket.recv_fds(orders, LENGTH.size, 3)
        if len(head) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack(head)
        order: Order = pickle.loads(orders.recv(length, socket.MSG_WAITALL))
        pid = _sibling()
        if pid == 0:
            orders.close()
            _become(order, streams)
            return order
        for stream in streams:
            os.close(stream)
        orders.sendall(LENGTH.pack(pid))


def _become(order: Order, streams: list[int]) -> None:
    """Have what a process so started has: streams, session, terminal, signals, folder, environment."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for stream in streams:
        os.close(stream)
    if order.new_session:
        os.setsid()
    if order.own_terminal:
        ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    locale.setlocale(locale.LC_CTYPE, "")
    sys.stdin = sys.__stdin__ = _text(0, "rb", "strict")
    sys.stdout = sys.__stdout__ = _text(1, "wb", "strict")
    sys.stderr = sys.__stderr__ = _text(2, "wb", "backslashreplace")
    sys.argv = [order.words[0], *order.words[2:]]
    sys.orig_argv = [sys.executable, *order.words]


def _text(number: int, mode: str, errors: str) -> TextIOWrapper:
    buffer = open(number, mode, closefd=False)  # noqa: SIM115 - open as long as the process
    immediate = number == 2 or os.isatty(number)
    return TextIOWrapper(buffer, "utf-8", errors, line_buffering=immediate)


def _serve(orders: socket.socket) -> Order | None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the tests and what they started
    _load_everything()
    gc.collect()
    gc.freeze()
    return _next(orders)


def _do(words: tuple[str, ...]) -> None:
    try:
        if words[0] == "-m":
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        _leave(end.code)
    _leave(0)


def _leave(code: int) -> NoReturn:
    """End as the interpreter does, but for taking apart all that was loaded, which takes it longest."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


if __name__ == "__main__":
    todo = _serve(socket.socket(fileno=int(sys.argv[1])))
    if todo is not None:
        _do(todo.words)
