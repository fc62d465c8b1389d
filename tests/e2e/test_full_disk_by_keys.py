"""The disk fills up within a cycle: what the console tells of it, and the keys by which it goes on."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests import warm
from tests.crash.disks import disk as disk
from tests.crash.disks import fill
from tests.crash.folder_checks import assert_folders_sound, look
from tests.crash.folder_stores import groups_lab
from tests.e2e.conftest import engine_of
from tests.e2e.terminals import ENTER, ESCAPE, RIGHT, PtyTerminal, wait_for
from tests.e2e.test_decisions_and_batches import until_row
from tests.e2e.test_operator_session import environment
from tests.engine.conftest import scidex_database as scidex_database

_OPTIONS = '[fetch]\ncontact = "lab@example.org"\n'
_MIGRATED = "SELECT count(*) AS n FROM artifacts WHERE migrated_to_folder_at IS NOT NULL"


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("size", "leave"),
    [
        pytest.param((80, 24), 0, id="80x24"),
        *(pytest.param((60, 16), pages * 4096, id=f"60x16-{pages}") for pages in (0, 4, 12)),
    ],
)
def test_halt_bytes_and_the_way_on_are_seen_in_the_console(
    tmp_path: Path, disk: Path, scidex_database: str, size: tuple[int, int], leave: int
) -> None:
    lab = groups_lab(disk, scidex_database, 1, extra=_OPTIONS)
    before = look(lab)
    words = [*warm.PROGRAM, "--config", str(lab.config), "console"]
    with engine_of(lab):
        console = PtyTerminal(words, *size, environment(tmp_path))
        try:
            wait_for(console, "engine RUNNING")
            ballast = fill(disk, leave=leave)
            console.send("o")
            wait_for(console, "▸folders")
            console.send("n")
            wait_for(console, "Step: folders")
            console.send(ENTER, ENTER, RIGHT, RIGHT, ENTER)  # past number and reason, to a whole cycle
            if ballast is not None:
                _sees_the_halt(console)
                console.send("p")  # too early: there is still no room
                wait_for(console, "resume folders", again="p")
                until_row(lab, "SELECT id FROM scidex_console.run WHERE state = 'halted'")
                ballast.unlink()
                wait_for(console, "HALTED")
                console.send("p")
                wait_for(console, "resume folders by", "DONE", again="p")
            until_row(lab, f"SELECT n FROM ({_MIGRATED}) AS found WHERE n = 3")
            assert ballast is not None or not os.path.ismount(disk)
        finally:
            console.close()
    assert_folders_sound(lab, before)


def _sees_the_halt(console: PtyTerminal) -> None:
    """The state, the cause and what is needed on the overview, and all of it by `x`."""
    shown = wait_for(console, "HALTED", " free;")
    assert re.search(r"needs [\d.,]+ [KMG]?i?B free", shown)
    console.send("x")
    words = " ".join(wait_for(console, "In full", "HALTED", "needed").split())
    assert re.search(r"folders HALTED: .*make room.*; [\d.,]+ [KMG]?i?B needed", words), words
    console.send(ESCAPE)
    wait_for(console, "p resume")
