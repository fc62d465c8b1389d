"""Through the console's own keys: every decision of triage and its undo; a rollback from preview to redo."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import warm
from tests.e2e.conftest import engine_of
from tests.e2e.terminals import ENTER, RIGHT, TAB, PtyTerminal, leave_dialog, wait_for
from tests.e2e.test_operator_session import environment
from tests.engine.folders.tiny import sha256
from tests.engine.triage.cases import IMAGE_URL, NEW, OLD, cases_lab, look_at_all, verified
from tests.labs import Lab

_CONTACT = """
[fetch]
contact = "lab@example.org"
"""
CLEAR = "\x15"
CONFIRM = (TAB, RIGHT, ENTER)
WAITING = {
    "key": "hash_mismatch",
    "outside": "quarantined",
    "paper": "hash_mismatch",
    "stale": "hash_mismatch",
    "wrong": "hash_mismatch",
}


@pytest.fixture(scope="module")
def lab(module_folder: Path, module_database: str) -> Iterator[Lab]:
    """A store in which one artifact has its folder and five wait for a person; an engine is at work."""
    made = cases_lab(module_folder, module_database, extra=_CONTACT)
    asyncio.run(look_at_all(made))
    with engine_of(made):
        yield made


@pytest.fixture
def console(lab: Lab) -> Iterator[PtyTerminal]:
    """A console over it."""
    words = [*warm.PROGRAM, "--config", str(lab.config), "console"]
    terminal = PtyTerminal(words, 120, 40, environment(lab.folder))
    try:
        wait_for(terminal, "engine RUNNING", within=15)
        yield terminal
    finally:
        terminal.close()


def until_row(lab: Lab, statement: str, *params: Any) -> dict[str, Any]:
    """The first row once there is one."""
    end = time.monotonic() + 20
    while not (found := lab.rows(statement, *params)):
        assert time.monotonic() < end, f"waited in vain for {statement} {params}"
        time.sleep(0.05)
    return found[0]


def decisions(lab: Lab) -> int:
    """How many there are."""
    return int(lab.rows("SELECT count(*) AS n FROM scidex_console.triage_decision")[0]["n"])


def metadata(lab: Lab, artifact_id: str) -> dict[str, Any]:
    """What the row says."""
    found: dict[str, Any] = lab.rows("SELECT metadata FROM artifacts WHERE id = %s", artifact_id)[0][
        "metadata"
    ]
    return found


def content(lab: Lab, path: str) -> bytes | None:
    """A file of the checkout."""
    place = lab.store.artifacts / path
    return place.read_bytes() if place.exists() else None


@pytest.mark.sweep
def test_every_decision_is_taken_and_taken_back(lab: Lab, console: PtyTerminal) -> None:
    console.send("6")
    wait_for(console, "waiting for a person", *WAITING)

    def choose(artifact_id: str) -> None:
        console.send("/", CLEAR, artifact_id, ENTER)
        wait_for(console, f"/ {artifact_id} ", "Esc shows all", "you can")
        end = time.monotonic() + 20
        while f" {artifact_id} " not in console.screen() or "reading …" in console.screen():
            assert time.monotonic() < end, console.screen()
            time.sleep(0.05)

    def take(key: str, title: str, reason: str) -> None:
        console.send(key)
        wait_for(console, title, "Cancel")
        leave_dialog(console)
        wait_for(console, "waiting for a person")
        assert decisions(lab) == before
        console.send(key)
        wait_for(console, title, "Cancel")
        console.send(reason, *CONFIRM)
        until_settled(before + 1)

    def until_settled(number: int) -> None:
        until_row(
            lab,
            "SELECT 1 FROM scidex_console.triage_decision d WHERE d.id = %s AND NOT EXISTS"
            " (SELECT 1 FROM scidex_console.intent i WHERE i.action = 'triage'"
            " AND i.state NOT IN ('done', 'refused', 'cancelled'))",
            number,
        )

    def take_back() -> None:
        console.send("u")
        wait_for(console, "which one is to be taken back", "Enter take it back")
        console.send(ENTER)
        wait_for(console, "Take back decision", "Cancel")
        console.send("it was a mistake", *CONFIRM)
        until_settled(before + 2)

    stale, wrong, paper = "datasets/stale.csv", "datasets/wrong.csv", "figures/paper.png"
    before = decisions(lab)
    choose("stale")
    take("r", "Decide: restore", "git has what was promised")
    assert content(lab, stale) == OLD[stale]
    take_back()
    assert content(lab, stale) == NEW[stale]

    before = decisions(lab)
    choose("wrong")
    take("a", "Decide: accept", "the authors confirm it")
    assert metadata(lab, "wrong")["file_sha256"] == sha256(NEW[wrong])
    take_back()
    assert metadata(lab, "wrong")["file_sha256"] != sha256(NEW[wrong])

    before = decisions(lab)
    choose("outside")
    take("d", "Decide: database", "it never had a file")
    assert "database_only" in metadata(lab, "outside")
    take_back()
    assert "database_only" not in metadata(lab, "outside")

    before = decisions(lab)
    choose("paper")
    take("f", "Decide: redownload", "the journal has it")
    assert content(lab, paper) is None and metadata(lab, "paper")["image_url"] == IMAGE_URL
    take_back()
    assert content(lab, paper) == NEW[paper]
    assert lab.rows("SELECT file_path FROM artifacts WHERE id = 'paper'")[0]["file_path"].endswith(paper)

    before = decisions(lab)
    choose("key")
    take("l", "Decide: leave", "ada asks the authors")
    wait_for(console, "ada asks the authors")
    take_back()

    told = lab.rows("SELECT id FROM scidex_console.triage_decision")
    assert len(told) == 10
    assert asyncio.run(verified(lab)) == []
    console.send("/", CLEAR, ENTER)
    wait_for(console, "waiting for a person", *WAITING)


def test_batch_is_taken_back_and_applied_again_with_a_cancel_and_a_stale_plan_on_the_way(
    lab: Lab, console: PtyTerminal
) -> None:
    [batch] = lab.rows("SELECT id FROM scidex_console.batch WHERE job = 'folders' ORDER BY id LIMIT 1")
    number = str(batch["id"])

    def state_is(*states: str) -> None:
        until_row(
            lab,
            "SELECT 1 FROM scidex_console.batch WHERE id = %s AND state = ANY (%s)",
            batch["id"],
            list(states),
        )

    console.send("5")
    wait_for(console, "Batches")
    console.send("/", "job:folders id:good", ENTER)
    wait_for(console, "id:good   Esc shows all")
    folder = lab.rows("SELECT artifact_dir FROM artifacts WHERE id = 'good'")[0]["artifact_dir"]
    title = f"Roll back folders batch {number}"

    console.send("b")
    wait_for(console, title, "Cancel", "good")
    console.send(number, TAB, "looks wrong", TAB, ENTER)  # the choice stands on Cancel
    wait_for(console, "id:good   Esc shows all")
    console.send("b")
    shown = wait_for(console, title, "Cancel", "good")
    token = re.search(r"--token (\w+)", shown)
    lab.rows("UPDATE artifacts SET primary_filename = 'else.png' WHERE id = 'good'")
    console.send(number, TAB, "looks wrong", *CONFIRM)
    wait_for(console, "nothing was done", title)
    state_is("done", "cleaned")
    lab.rows("UPDATE artifacts SET primary_filename = 'good.png' WHERE id = 'good'")
    leave_dialog(console)
    wait_for(console, "id:good   Esc shows all")
    console.send("b")
    shown = wait_for(console, title, "Cancel", "good")
    assert token is not None and token[0] in shown
    console.send(number, TAB, "looks wrong", *CONFIRM)
    state_is("rolled_back")
    wait_for(console, "taken back")
    assert not (lab.store.outer / folder).exists()
    assert lab.rows("SELECT migrated_to_folder_at FROM artifacts WHERE id = 'good'")[0] == {
        "migrated_to_folder_at": None
    }

    console.send("B")
    wait_for(console, f"Redo folders batch {number}", "Cancel", again="B")
    console.send(number, TAB, "it was right after all", *CONFIRM)
    state_is("done", "cleaned")
    assert (lab.store.outer / folder / "good.png").read_bytes() == OLD["figures/good.png"]
    assert asyncio.run(verified(lab)) == []
