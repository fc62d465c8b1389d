"""Leaving a real terminal: told by a signal, hung up on, or with a terminal that takes nothing any more."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests import warm

_PROGRAM = """
import sys
from tests.console.cleanup_fakes import FakeCleanup
from tests.console.fakes import FakeDesk, FakeFeed, FakeRead
from tests.console.triage_fakes import FakeTriage
from scidex_console.console.app import ConsoleApp
from scidex_console.domain.errors import UsageError, explain

class Failing(ConsoleApp):
    def painted(self):
        password = "hunter2"
        raise RuntimeError("no such \\x1b]0;thing" + password[:0])


console = Failing if "fails" in sys.argv else ConsoleApp
app = console(FakeRead(), FakeDesk(), FakeFeed(), FakeTriage, FakeCleanup)
try:
    app.run()
except UsageError as error:
    sys.exit(f"refused: {explain(error)}")
sys.exit(app.return_code or 0)
"""
_LEFT_ALTERNATE_SCREEN = b"\x1b[?1049l"
_SHOWN_CURSOR = b"\x1b[?25h"


class Terminal:
    """A console under a pseudo terminal of 80x24."""

    def __init__(self, *, controlling: bool, term: str, fails: bool) -> None:
        self.ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.theirs, (24, 80))
        self.before = termios.tcgetattr(self.theirs)
        environment = {**os.environ, "TERM": term}
        environment.pop("NO_COLOR", None)
        self.process = warm.Popen(
            [sys.executable, "-c", _PROGRAM, *(["fails"] if fails else [])],
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            env=environment,
            start_new_session=True,
            preexec_fn=warm.own_terminal if controlling else None,
        )
        self.output = b""

    def read_until(self, words: bytes, patience_s: float = 60.0) -> None:
        """Take output until the words have come."""
        deadline = time.monotonic() + patience_s
        while words not in self.output:
            assert time.monotonic() < deadline, self.output[-2000:]
            self.read_some(0.2)

    def read_some(self, wait_s: float) -> None:
        """Take what has come."""
        if select.select([self.ours], [], [], wait_s)[0]:
            with suppress(OSError):
                self.output += os.read(self.ours, 65536)

    def wait(self) -> int:
        """Take all output until the process has ended; its return code."""
        deadline = time.monotonic() + 60
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "the console did not end"
            self.read_some(0.05)
        self.read_some(0.2)
        return self.process.returncode

    def is_restored(self) -> bool:
        """Whether the terminal has its settings back."""
        return termios.tcgetattr(self.theirs) == self.before


@contextmanager
def terminal(
    *, controlling: bool = True, term: str = "xterm-256color", fails: bool = False
) -> Iterator[Terminal]:
    console = Terminal(controlling=controlling, term=term, fails=fails)
    try:
        yield console
    finally:
        if console.process.poll() is None:
            console.process.kill()
        console.process.wait()
        for descriptor in (console.ours, console.theirs):
            with suppress(OSError):
                os.close(descriptor)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_console_and_leaves_the_terminal_clean(number: signal.Signals) -> None:
    with terminal() as console:
        console.read_until(b"1,204")
        console.process.send_signal(number)
        assert console.wait() == 128 + number
        assert _LEFT_ALTERNATE_SCREEN in console.output
        assert console.output.rfind(_SHOWN_CURSOR) > console.output.rfind(b"\x1b[?25l")
        assert console.is_restored()


def test_quitting_leaves_the_terminal_clean_and_says_that_the_engine_goes_on() -> None:
    with terminal() as console:
        console.read_until(b"1,204")
        os.write(console.ours, b"q")
        assert console.wait() == 0
        assert b"the engine goes on" in console.output
        assert console.is_restored()


def test_an_error_of_its_own_ends_it_with_a_clean_terminal_and_tells_no_values() -> None:
    with terminal(fails=True) as console:
        assert console.wait() == 1
        _, _, last_words = console.output.rpartition(_LEFT_ALTERNATE_SCREEN)
        assert b"RuntimeError: no such \\x1b]0;thing" in last_words
        assert b"ended by an error of its own" in last_words
        assert b"hunter2" not in last_words.replace(b'password = "hunter2"', b"")
        assert b"\x1b]0" not in last_words and console.is_restored()


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_be_drawn_on_is_refused_before_anything_is_drawn(term: str) -> None:
    with terminal(term=term) as console:
        assert console.wait() != 0
        assert f"refused: TERM={term}: the console cannot draw".encode() in console.output
        assert b"\x1b" not in console.output
        assert console.is_restored()


def test_a_console_whose_terminal_takes_nothing_any_more_still_ends() -> None:
    with terminal() as console:
        console.read_until(b"1,204")
        for _ in range(400):  # more output than the terminal and the console's own queue can hold
            os.write(console.ours, b"\t?\x1b")
        time.sleep(0.5)
        console.process.send_signal(signal.SIGTERM)
        assert console.process.wait(timeout=60) == 128 + signal.SIGTERM
        assert console.is_restored()


@pytest.mark.parametrize("controlling", [True, False], ids=["hung up", "without a signal"])
def test_a_console_whose_terminal_is_gone_ends(controlling: bool) -> None:
    with terminal(controlling=controlling) as console:
        console.read_until(b"1,204")
        os.close(console.theirs)
        os.close(console.ours)
        assert console.process.wait(timeout=60) == 128 + signal.SIGHUP
