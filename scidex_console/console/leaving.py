"""Leaving when told to: SIGTERM and SIGHUP end the console and leave the terminal clean.

Textual restores the terminal when its loop ends, but handles neither signal. A terminal that takes no more
output blocks that loop; so a watchdog ends the process after a few seconds all the same. Nothing is lost:
the engine is another process.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import select
import signal
import sys
import termios
import threading
from types import FrameType
from typing import Any, Protocol

PATIENCE_S = 3.0
_RESTORE = b"\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?7h\x1b[0m"
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Exits(Protocol):
    """What can be asked to end."""

    @property
    def is_headless(self) -> bool:
        """Whether there is no terminal."""
        ...

    def exit(self, result: Any = None, return_code: int = 0, message: Any = None) -> None:
        """End the program in good order."""


class Leaving:
    """Listens for the signals while the console runs."""

    def __init__(self, app: Exits) -> None:
        self._app = app
        self._before: dict[signal.Signals, Any] = {}
        self._terminal = _attributes()

    def listen(self) -> None:
        """Take the signals, in the main thread of a real terminal only."""
        if self._app.is_headless or threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()

        def told(number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._leave, 128 + number)
            self._watchdog(128 + number).start()

        if self._terminal is not None:
            atexit.register(_mute_what_is_gone)
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, told)

    def notice_hang_up(self) -> None:
        """Leave when the terminal is gone without a signal, which then reads as ended for ever."""
        if self._before and self._terminal is not None and _attributes() is None:
            self._watchdog(128 + signal.SIGHUP).start()
            self._leave(128 + signal.SIGHUP)

    def ignore(self) -> None:
        """Put back what was there before."""
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)

    def _leave(self, code: int) -> None:
        self._app.exit(return_code=code)

    def _watchdog(self, code: int) -> threading.Timer:
        timer = threading.Timer(PATIENCE_S, _end_at_once, (code, self._terminal))
        timer.daemon = True
        return timer


def _attributes() -> list[Any] | None:
    """The terminal's settings before the console changes them."""
    try:
        return termios.tcgetattr(sys.__stdin__.fileno()) if sys.__stdin__ else None
    except (termios.error, OSError, ValueError):
        return None


def _mute_what_is_gone() -> None:
    """Let what is still to be written to a terminal that is gone come to nothing.

    The interpreter would otherwise fail at its own end, and its exit code take the place of ours.
    """
    if _attributes() is None:
        nothing = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                os.dup2(nothing, stream.fileno())
        os.close(nothing)


def _end_at_once(code: int, terminal: list[Any] | None) -> None:
    """Restore what can be restored without waiting for the terminal, and end the process."""
    with contextlib.suppress(Exception):
        if terminal is not None and sys.__stdin__:
            termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, terminal)
    with contextlib.suppress(Exception):
        if sys.__stderr__:
            fd = sys.__stderr__.fileno()
            if os.isatty(fd) and select.select([], [fd], [], 0)[1]:
                os.write(fd, _RESTORE)
    os._exit(code)
