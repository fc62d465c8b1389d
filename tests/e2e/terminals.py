"""Real terminals for the real program: a pseudo terminal with an emulator of our own, and tmux where it is.

Both start a command, take keys, and give back the screen as text.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
import unicodedata
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import pyte
from wcwidth import wcwidth

from tests import warm

ESCAPE, ENTER, TAB, RIGHT = "\x1b", "\r", "\t", "\x1b[C"
_TMUX_NAMES = {ESCAPE: "Escape", ENTER: "Enter", TAB: "Tab", RIGHT: "Right"}


def _strokes(keys: Sequence[str]) -> list[str]:
    return [stroke for key in keys for stroke in ([key] if key in _TMUX_NAMES else key)]


class Terminal(Protocol):
    """One program on one terminal."""

    def send(self, *keys: str) -> None:
        """Type: one of the named keys below, or text, letter by letter."""

    def screen(self) -> str:
        """What is shown now."""

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size under the program."""

    def running(self) -> bool:
        """Whether the program is still there."""

    def kill(self, number: int) -> None:
        """Send the program a signal."""

    def close(self) -> None:
        """End program and terminal."""


class Screen(pyte.Screen):
    """As pyte's, which drops what follows a mark that takes no column and has no combining class."""

    def draw(self, data: str) -> None:
        super().draw("".join(c for c in data if unicodedata.combining(c) or wcwidth(c) != 0))


class PtyTerminal:
    """A pseudo terminal; pyte draws what the program writes."""

    def __init__(self, command: Sequence[str], columns: int, rows: int, env: Mapping[str, str]) -> None:
        self.output = bytearray()
        """Everything the program has written."""
        self._screen = Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._master, theirs = pty.openpty()
        self.resize(columns, rows)
        self._process = warm.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=env,
            start_new_session=True,
            preexec_fn=warm.own_terminal,
        )
        os.close(theirs)
        self.pid = self._process.pid

    def send(self, *keys: str) -> None:
        os.write(
            self._master, "".join(keys).encode()
        )  # at once, as a slow link delivers what was typed ahead

    def screen(self) -> str:
        while select.select([self._master], [], [], 0.05)[0]:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                break
            if not data:
                break
            self.output += data
            self._stream.feed(data)
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def descriptor(self) -> int:
        """Our end of the terminal."""
        return self._master

    def grid(self) -> list[str]:
        """What is shown, one character a column: marks left out, the second half of a wide one as NUL."""
        self.screen()
        rows, columns = range(self._screen.lines), range(self._screen.columns)
        return ["".join((self._screen.buffer[y][x].data or "\0")[0] for x in columns) for y in rows]

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen.resize(rows, columns)

    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self, number: int) -> None:
        if self.running():
            os.kill(self.pid, number)

    def close(self) -> None:
        until = time.monotonic() + 20
        self.kill(signal.SIGTERM)
        while self.running() and time.monotonic() < until:
            self.screen()
        self.kill(signal.SIGKILL)
        while self.running():
            time.sleep(0.02)
        os.close(self._master)


class TmuxTerminal:
    """A window of a tmux server of this test's own."""

    def __init__(self, command: Sequence[str], columns: int, rows: int, env: Mapping[str, str]) -> None:
        self._server = f"scidex-{uuid.uuid4().hex[:12]}"
        self._env = dict(env)
        words = ["-x", str(columns), "-y", str(rows), *command]
        # What a program said before it ended is still to be seen then.
        remain = ["start-server", ";", "set-option", "-g", "remain-on-exit", "on", ";"]
        self._tmux("-f", os.devnull, *remain, "new-session", "-d", "-s", "it", *words)
        self.pid = int(self._tmux("list-panes", "-t", "it", "-F", "#{pane_pid}").strip())

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._server, *words], capture_output=True, text=True, env=self._env, check=False
        )
        return done.stdout

    def send(self, *keys: str) -> None:
        for stroke in _strokes(keys):
            words = [_TMUX_NAMES[stroke]] if stroke in _TMUX_NAMES else ["-l", stroke]
            self._tmux("send-keys", "-t", "it", *words)

    def screen(self) -> str:
        scrolled_up = [] if self.running() else ["-S", "-"]  # by the line that says that it ended
        return self._tmux("capture-pane", "-p", "-t", "it", *scrolled_up)

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-t", "it", "-x", str(columns), "-y", str(rows))

    def running(self) -> bool:
        return self._tmux("list-panes", "-t", "it", "-F", "#{pane_dead}").strip() == "0"

    def kill(self, number: int) -> None:
        if self.running():
            os.kill(self.pid, number)

    def close(self) -> None:
        until = time.monotonic() + 20
        self.kill(signal.SIGTERM)
        while self.running() and time.monotonic() < until:
            time.sleep(0.1)
        self._tmux("kill-server")


KINDS: dict[str, Callable[[Sequence[str], int, int, Mapping[str, str]], Terminal]] = {"pty": PtyTerminal}
if shutil.which("tmux"):
    KINDS["tmux"] = TmuxTerminal


def wait_for(terminal: Terminal, *wanted: str, within: float = 90.0, again: str = "") -> str:
    """The screen once it shows all the wanted texts; fails with the last screen otherwise.

    A key to press `again`, if nothing has come of it after ten seconds, may have met a screen that was
    about to change.
    """
    until = time.monotonic() + within
    press_at = time.monotonic() + 10.0
    while True:
        if again and time.monotonic() > press_at:
            terminal.send(again)
            press_at = until
        shown = terminal.screen()
        if all(text in shown for text in wanted):
            return shown
        assert time.monotonic() < until, f"waited for {wanted!r}; the screen shows:\n{shown}"
        time.sleep(0.1)


def leave_dialog(terminal: Terminal, within: float = 90.0) -> None:
    """Press Esc, and wait until no dialog is shown: a key at once would be taken for part of a sequence."""
    terminal.send(ESCAPE)
    until = time.monotonic() + within
    while "Cancel" in (shown := terminal.screen()):
        assert time.monotonic() < until, f"the dialog stays; the screen shows:\n{shown}"
