"""Hostile strings in every place of a real database, seen through the real program on a pseudo terminal."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.console.screens.table import SCREENS
from tests import warm
from tests.e2e.naughty import NAUGHTY, filled, raw_in
from tests.e2e.terminals import ENTER, ESCAPE, TAB, PtyTerminal, wait_for
from tests.e2e.test_operator_session import environment


@pytest.fixture
def hostile(scidex_database: str, tmp_path: Path) -> Iterator[Path]:
    """A configuration that leads to a database full of them."""
    asyncio.run(SchemaRunner(scidex_database).apply())
    config = tmp_path / "config.toml"
    config.write_text(f'[database]\nurl = "{scidex_database}"\n')
    with filled(scidex_database):
        yield config


@pytest.mark.parametrize(
    ("columns", "rows"),
    [pytest.param(80, 24, id="80x24"), pytest.param(200, 50, id="200x50", marks=pytest.mark.sweep)],
)
def test_nothing_raw_reaches_the_terminal_and_columns_stay_aligned(
    hostile: Path, tmp_path: Path, columns: int, rows: int
) -> None:
    words = [*warm.PROGRAM, "--config", str(hostile), "console"]
    terminal = PtyTerminal(words, columns, rows, environment(tmp_path))
    try:
        wait_for(terminal, "Hosts", "404s", "HALTED", "markup [red]x" if columns > 100 else "")
        aligned(terminal.grid(), "404s", "address", r"ok\d\d\.ex")
        aligned(terminal.grid(), "404s", "artifact", r"(?<= )\d\d(?= .* ok\d\d\.ex)")
        dialogs = {"?": "more about a key", "r": "Enter take", "b": "Enter take", "t": "Enter take"}
        for key, words in dialogs.items():
            terminal.send(key)
            wait_for(terminal, words)
            terminal.send(*["\x1b[B"] * len(NAUGHTY))
            terminal.screen()
            terminal.send(ESCAPE)
            wait_until_gone(terminal, words)
        for entry in SCREENS[1:]:
            terminal.send(entry.key)
            settled(terminal)
            if entry.title == "Activity":
                wait_for(terminal, "Acts")
                wait_until_gone(terminal, "Acts …")
                aligned(terminal.grid(), "Acts", "what", r"(?<!DONE )retry fig")
            terminal.send(*["\x1b[B"] * 7, ENTER)  # down to the longest, and all about it
            settled(terminal)
            terminal.send("\x1b[6~", "y")
            settled(terminal)
            terminal.send(ESCAPE, ESCAPE)
            settled(terminal)
        terminal.send("1")
        wait_for(terminal, "Gap", "404s")
        for _ in range(4):
            terminal.send(TAB, "\x1b[B", "\x1b[6~")
        terminal.send("q")
        wait_for(terminal, "The console has left")
    finally:
        terminal.close()
    assert raw_in(bytes(terminal.output)) == []
    assert not terminal.running()


def settled(terminal: PtyTerminal) -> None:
    """Wait until the screen stays as it is for a moment."""
    shown, since = terminal.screen(), time.monotonic()
    while time.monotonic() - since < 0.2:
        now = terminal.screen()
        if now != shown:
            shown, since = now, time.monotonic()


def wait_until_gone(terminal: PtyTerminal, words: str) -> None:
    """Wait until a dialog is closed."""
    until = time.monotonic() + 30
    while words in terminal.screen():
        assert time.monotonic() < until, terminal.screen()


def aligned(grid: list[str], pane: str, title: str, cell: str) -> None:
    """Every cell of a column begins below its title, whatever stands left of it."""
    header = next(index for index, line in enumerate(grid) if pane in line)
    at = grid[header].index(title, grid[header].index(pane))
    cells = [found.start() for line in grid[header + 1 :] for found in re.finditer(cell, line)]
    assert cells and set(cells) == {at}, "\n".join(grid)
