"""The real program, in a real terminal, over a real demo world: what an operator does in a session."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import warm
from tests.e2e.terminals import ENTER, ESCAPE, KINDS, RIGHT, TAB, Terminal, wait_for


def environment(home: Path) -> dict[str, str]:
    """An operator's environment: a terminal with colours, and nothing of ours."""
    foreign = ("SCIDEX", "PYTEST", "TMUX")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "TERM": "xterm-256color",
        "COLUMNS": "80",  # as some shells export it: the terminal may have another size, or get one
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }


@contextmanager
def opened(
    kind: str, words: list[str], columns: int, rows: int, home: Path, **environ: str
) -> Iterator[Terminal]:
    """The program on a terminal of that kind."""
    terminal = KINDS[kind]([*warm.PROGRAM, *words], columns, rows, environment(home) | environ)
    try:
        yield terminal
    finally:
        terminal.close()


def command(home: Path, *words: str, code: int = 0) -> str:
    """Run a command of the program to its end; its standard output."""
    done = warm.run(
        [*warm.PROGRAM, *words],
        capture_output=True,
        text=True,
        env=environment(home),
        check=False,
        timeout=100,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def status(home: Path, config: Path) -> dict[str, Any]:
    """The figures job as `status --json` tells it."""
    document = json.loads(command(home, "--config", str(config), "status", "--json"))
    return next(gap for gap in document["jobs"] if gap["job"] == "figures")


@pytest.mark.parametrize(
    "kind", ["pty", *(pytest.param(kind, marks=pytest.mark.sweep) for kind in KINDS if kind != "pty")]
)
def test_an_operator_watches_pauses_steps_takes_back_and_quits(tmp_path: Path, kind: str) -> None:
    world = tmp_path / "world"
    with opened(kind, ["demo", "--dir", str(world), "--speed", "10"], 80, 24, tmp_path) as terminal:
        wait_for(terminal, "DEMO", "WRITES", "RUNNING", "europepmc")
        terminal.send("o")
        wait_for(terminal, "▸folders")
        terminal.send("p")
        wait_for(terminal, "▸folders  PAUSED")  # else it might move what the plan of a rollback names
        terminal.send("o")
        wait_for(terminal, "▸figures")
        terminal.send("p")
        wait_for(terminal, "▸figures  PAUSED")
        terminal.send("?")
        wait_for(terminal, "Start a run", "disabled", "--config", "start figures")
        terminal.send(ESCAPE)
        wait_for(terminal, "Gap", "Hosts")
        terminal.send("b")
        shown = wait_for(terminal, "Roll back figures batch", "Cancel")
        batch = re.search(r"Roll back figures batch (\d+)", shown)
        assert batch is not None
        terminal.send(batch[1], TAB, "looks wrong", TAB, RIGHT, ENTER)
        wait_for(terminal, "is taken back")
        terminal.resize(120, 40)
        wait_for(terminal, "held back", "PAUSED")
        terminal.resize(40, 10)
        wait_for(terminal, "too small")
        terminal.resize(80, 24)
        wait_for(terminal, "▸figures  PAUSED")
        terminal.send("p")
        wait_for(terminal, "▸figures  RUNNING", again="p")
        terminal.send("q")
        until = time.monotonic() + 40
        while terminal.running() and time.monotonic() < until:
            terminal.screen()
            time.sleep(0.1)
        assert not terminal.running()
    assert "nothing was running" in _stderr(tmp_path, "demo", "--dir", str(world), "--stop")


@pytest.mark.sweep
def test_the_run_goes_on_while_consoles_come_and_go(tmp_path: Path) -> None:
    world = tmp_path / "world"
    config = world / "config.toml"
    demo = warm.Popen(
        [*warm.PROGRAM, "demo", "--dir", str(world), "--speed", "5", "--headless"],
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert demo.stderr is not None
    try:
        for line in demo.stderr:
            if "figures running" in line:
                break
        before = status(tmp_path, config)
        with opened("pty", ["--config", str(config), "console"], 80, 24, tmp_path) as first:
            wait_for(first, "RUNNING", "europepmc")
            first.kill(signal.SIGKILL)
        with opened("pty", ["--config", str(config), "console", "--read-only"], 80, 24, tmp_path) as second:
            wait_for(second, "RUNNING", "READ-ONLY")
            second.send("p")
            wait_for(second, "read-only")
            second.send("q")
        with opened("pty", ["--config", str(config), "console"], 80, 24, tmp_path, TERM="dumb") as third:
            wait_for(third, "cannot draw", "TERM=dumb", "export TERM=")
        until = time.monotonic() + 30
        while status(tmp_path, config)["due"] >= before["due"]:
            assert time.monotonic() < until, "the run did not go on"
            time.sleep(1.5)
        assert status(tmp_path, config)["run"]["state"] == "running"
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.stderr.read()
        demo.wait(60)
        demo.stderr.close()
    assert demo.returncode == 130


def _stderr(home: Path, *words: str) -> str:
    done = warm.run(
        [*warm.PROGRAM, *words], capture_output=True, text=True, env=environment(home), check=True, timeout=60
    )
    return done.stderr
