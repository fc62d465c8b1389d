"""Operators as they really come: over a real sshd, mostly inside tmux, on links that break and freeze."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import warm
from tests.e2e.conftest import engine_of, operators
from tests.e2e.sshd import Sshd, serving, why_no_sshd
from tests.e2e.terminals import PtyTerminal, wait_for
from tests.e2e.test_operator_session import command, environment
from tests.labs import Lab, make_lab

pytestmark = pytest.mark.skipif(bool(why_no_sshd()), reason=f"no session over SSH: {why_no_sshd()}")

SIZE = (100, 30)
TRUE_COLOUR, MOUSE_ON = b"38;2;", b"\x1b[?1000h"
_FOLDERS = """
[folders]
cycle = 4
every = "1h"
grace = "10ms"
"""


def until(holds: Callable[[], object], what: str, within: float = 20.0) -> None:
    """Return once it holds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.05)


def pause_or_resume(terminal: PtyTerminal, state: str) -> None:
    """Press `p` until the folders are in that state: right after a change the console asks for it twice."""
    end = time.monotonic() + 20
    while f"▸folders  {state}" not in terminal.screen():
        assert time.monotonic() < end, terminal.screen()
        terminal.send("p")
        patience = time.monotonic() + 3
        while time.monotonic() < patience and not {f"▸folders  {state}", "press p again"} & _seen(terminal):
            time.sleep(0.05)


def _seen(terminal: PtyTerminal) -> set[str]:
    shown = terminal.screen()
    return {text for text in ("▸folders  RUNNING", "▸folders  PAUSED", "press p again") if text in shown}


def act_on_folders(terminal: PtyTerminal) -> None:
    """Make the keys act upon the folders."""
    if "▸figures" in terminal.screen():
        terminal.send("o")
    wait_for(terminal, "▸folders")


def is_there(pid: int) -> bool:
    """Whether a process still runs; one that nobody has asked after does not."""
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


@dataclass
class Place:
    """A host with an engine at work, an sshd, and two operators with logins of their own."""

    lab: Lab
    sshd: Sshd
    urls: dict[str, str]
    folder: Path
    _sockets: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def session(self, who: str, *words: str) -> Iterator[PtyTerminal]:
        """An SSH session of an operator that runs these words."""
        there = {
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "COLORTERM": "truecolor",
            "LOGNAME": who,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "SCIDEX_CONSOLE__DATABASE__URL": self.urls[who],
        }
        terminal = PtyTerminal(self.sshd.client(words, there), *SIZE, environment(self.folder))
        try:
            yield terminal
        finally:
            terminal.close()

    @property
    def console(self) -> list[str]:
        """The words that open a console."""
        return [*warm.PROGRAM, "--config", str(self.lab.config), "console"]

    def tmux(self, who: str, *words: str) -> list[str]:
        """A command of the operator's own tmux."""
        socket = self._sockets.setdefault(who, f"scidex-{who}-{uuid.uuid4().hex[:8]}")
        return ["tmux", "-L", socket, "-f", os.devnull, *words]

    def watched_by(self, who: str) -> list[str]:
        """The words that open a console in a session of tmux, or come back to it."""
        return self.tmux(who, "new-session", "-A", "-s", "watch", *self.console)

    def intents(self) -> list[str]:
        """What was asked for, oldest first."""
        found = self.lab.rows("SELECT action, operator FROM scidex_console.intent ORDER BY id")
        return [f"{row['action']} {row['operator'].partition('_')[0]}" for row in found]

    def end(self) -> None:
        """End every tmux there is."""
        for who in self._sockets:
            subprocess.run(self.tmux(who, "kill-server"), check=False, capture_output=True)


@pytest.fixture(scope="module")
def place(module_folder: Path, module_database: str) -> Iterator[Place]:
    """One world for all tests here: a run of folders that was stepped once and is paused."""
    lab = make_lab(module_folder / "lab", module_database, extra=_FOLDERS, figures=4, artifacts=24)
    with ExitStack() as stack:
        stack.enter_context(engine_of(lab))
        urls = stack.enter_context(operators(module_database, "ada", "bob"))
        sshd = stack.enter_context(serving(module_folder / "sshd"))
        made = Place(lab, sshd, urls, module_folder)
        stack.callback(made.end)
        command(module_folder, "--config", str(lab.config), "step", "folders", "1", "--cycle")
        until(
            lambda: lab.rows("SELECT 1 FROM scidex_console.run WHERE state = 'paused'"), "the run has stepped"
        )
        yield made


def test_one_operator_loses_the_link_the_other_goes_on_and_both_see_the_same_again(place: Place) -> None:
    with place.session("bob", *place.watched_by("bob")) as bob:
        with place.session("ada", *place.watched_by("ada")) as ada:
            for terminal in (ada, bob):
                wait_for(terminal, "folders  PAUSED", "2 watch")
            os.kill(ada.pid, signal.SIGKILL)
            until(lambda: not ada.running(), "the link is gone")
        before = place.intents()
        act_on_folders(bob)
        pause_or_resume(bob, "RUNNING")
        assert place.intents()[len(before) :] == ["resume bob"]

        with place.session("ada", *place.watched_by("ada")) as ada:
            wait_for(ada, "folders  RUNNING", "resume", "by bob")
            ada.send("8")
            wait_for(ada, "Watching 2", "ada", "bob")
            ada.send("1")
            wait_for(ada, "folders  RUNNING")
            ada.resize(40, 10)
            wait_for(ada, "too small")
            ada.send("p", "c", "b")
            ada.resize(*SIZE)
            wait_for(ada, "folders  RUNNING", "Hosts")
            pause_or_resume(bob, "PAUSED")
            wait_for(ada, "folders  PAUSED")
            assert place.intents()[len(before) :] == ["resume bob", "pause bob"]
            ada.send("q")
            until(lambda: ada.screen() is not None and not ada.running(), "she has left")
        bob.send("q")


@pytest.mark.sweep
def test_frozen_link_harms_nobody_and_shows_the_present_once_it_thaws(place: Place) -> None:
    with place.session("ada", *place.console) as ada, place.session("bob", *place.console) as bob:
        for terminal in (ada, bob):
            wait_for(terminal, "folders  PAUSED")
        os.kill(ada.pid, signal.SIGSTOP)
        try:
            act_on_folders(bob)
            for state in ("RUNNING", "PAUSED"):
                pause_or_resume(bob, state)
            assert "folders  RUNNING" not in ada.screen()
        finally:
            os.kill(ada.pid, signal.SIGCONT)
        wait_for(ada, "folders  PAUSED", "pause", "by bob")


def test_little_is_sent_over_ssh_and_the_mouse_stays_the_terminals(place: Place) -> None:
    here = environment(place.folder) | {"COLORTERM": "truecolor"}
    local = PtyTerminal(place.console, *SIZE, here)
    with place.session("ada", *place.console) as remote:
        try:
            for terminal in (local, remote):
                wait_for(terminal, "folders  PAUSED")
            assert TRUE_COLOUR in local.output and MOUSE_ON in local.output
            assert TRUE_COLOUR not in remote.output and MOUSE_ON not in remote.output
            assert len(remote.output) < 40_000
        finally:
            local.close()


def test_told_to_end_the_console_leaves_the_terminal_as_it_was(place: Place) -> None:
    pid, words = place.folder / "term.pid", '"$@"'
    script = f"stty -g; sh -c 'echo $$ > {pid}; exec {words}' - {words}; echo code $?; stty -g; echo LEFT"
    with place.session("ada", "sh", "-c", script, "-", *place.console) as ada:
        wait_for(ada, "folders  PAUSED")
        os.kill(int(pid.read_text()), signal.SIGTERM)
        wait_for(ada, "LEFT")
        until(lambda: ada.screen() is not None and not ada.running(), "the session is over")
    said = bytes(ada.output)
    before, after = said.split(b"\r\n")[0], said.split(b"\r\n")[-3]
    assert before == after and before.count(b":") > 10, said[-400:]
    assert said.rindex(b"\x1b[?1049l") > said.rindex(b"\x1b[?1049h")
    assert said.rindex(b"\x1b[?25h") > said.rindex(b"\x1b[?25l")
    assert b"code 143" in said


@pytest.mark.sweep
def test_hang_up_ends_a_console_outside_tmux_within_seconds(place: Place) -> None:
    pid = place.folder / "hup.pid"
    with place.session("ada", "sh", "-c", f'echo $$ > {pid}; exec "$@"', "-", *place.console) as ada:
        wait_for(ada, "folders  PAUSED")
        console = int(pid.read_text())
        assert is_there(console)
        os.kill(ada.pid, signal.SIGKILL)
        until(lambda: not is_there(console), "the console is gone", within=8)
    assert "running" in command(place.folder, "--config", str(place.lab.config), "status").lower()
