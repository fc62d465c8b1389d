"""kill -9 at every numbered place of a decision and of its undo, and again during the recovery."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

import pytest

from scidex_console.domain.intents import Intent
from scidex_console.domain.triage import Decision
from scidex_console.wiring.reading import readers
from tests.crash.checks import assert_git_is_clean
from tests.crash.deciding import NOWHERE, STRIDE, settled_in_a_storm
from tests.crash.folder_checks import Before, assert_verified, look
from tests.engine.triage.cases import NEW, OLD, cases_lab, look_at_all, number_of
from tests.labs import Lab

OF_DECISION = {Decision.RESTORE: "stale", Decision.ACCEPT: "wrong", Decision.REDOWNLOAD: "paper"}


def put(lab: Lab, decision: Decision, *, undoes: int | None = None) -> Intent:
    """A decision, or the undo of one, on the desk."""

    async def ask() -> Intent:
        async with readers(lab.settings) as at:
            if undoes is not None:
                preview = await at.triage.preview_undo(undoes)
            else:
                preview = await at.triage.preview(decision, [OF_DECISION[decision]])
            return await at.triage.decide(preview, reason="a storm")

    return asyncio.run(ask())


def assert_applied(lab: Lab, decision: Decision) -> None:
    """As without a storm: file, row, and one result."""
    artifact_id = OF_DECISION[decision]
    row = lab.rows("SELECT metadata FROM artifacts WHERE id = %s", artifact_id)[0]["metadata"]
    checkout = lab.store.artifacts
    match decision:
        case Decision.RESTORE:
            assert (checkout / "datasets/stale.csv").read_bytes() == OLD["datasets/stale.csv"]
        case Decision.ACCEPT:
            assert (checkout / "datasets/wrong.csv").read_bytes() == NEW["datasets/wrong.csv"]
        case Decision.REDOWNLOAD:
            assert not (checkout / "figures/paper.png").exists() and "file_sha256" not in row
    assert lab.rows("SELECT 1 FROM scidex_console.folder WHERE artifact_id = %s", artifact_id) == []


def assert_as_if_nothing_was_decided(lab: Lab, before: Before) -> None:
    """Every file and row as it was, and the same things wait."""
    now = look(lab)
    assert now.files == before.files and now.tracked == before.tracked
    for artifact_id, row in before.rows.items():
        assert {k for k, v in row.items() if now.rows[artifact_id][k] != v} <= {"updated_at"}
    waiting = lab.rows("SELECT artifact_id FROM scidex_console.folder WHERE state = 'hash_mismatch'")
    assert {row["artifact_id"] for row in waiting} == {"stale", "key", "wrong", "paper"}


def one_round(lab: Lab, before: Before, decision: Decision, *, kill_at: int, undoing: bool) -> bool:
    """There and back, with a storm on the way there or on the way back; whether it hit."""
    number = number_of(put(lab, decision))
    hit = settled_in_a_storm(lab, NOWHERE if undoing else kill_at)
    assert_applied(lab, decision)
    assert_git_is_clean(lab)
    if not undoing:
        assert_verified(lab)
    undo = number_of(put(lab, decision, undoes=number))
    hit = settled_in_a_storm(lab, kill_at if undoing else NOWHERE) or hit
    assert_as_if_nothing_was_decided(lab, before)
    assert_git_is_clean(lab)
    results = lab.rows(
        "SELECT state FROM scidex_console.triage_result WHERE decision_id IN (%s, %s)", number, undo
    )
    assert [row["state"] for row in results] == ["applied", "applied"]
    return hit


@pytest.fixture
def lab(tmp_path: Path, scidex_database: str) -> Lab:
    made = cases_lab(tmp_path, scidex_database)
    asyncio.run(look_at_all(made))
    return made


def test_decision_killed_at_a_step_is_whole_after_restart(lab: Lab) -> None:
    before = look(lab)
    assert one_round(lab, before, Decision.RESTORE, kill_at=9, undoing=False)
    assert one_round(lab, before, Decision.RESTORE, kill_at=13, undoing=True)
    assert one_round(lab, before, Decision.REDOWNLOAD, kill_at=18, undoing=False)
    assert_verified(lab)


@pytest.mark.sweep
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("undoing", [False, True])
@pytest.mark.parametrize("decision", list(OF_DECISION))
def test_decision_killed_step_by_step_is_whole_after_restart(
    lab: Lab, decision: Decision, undoing: bool
) -> None:
    before = look(lab)
    for kill_at in count(1, STRIDE):
        if not one_round(lab, before, decision, kill_at=kill_at, undoing=undoing):
            assert kill_at > 5
            break
    assert_verified(lab)
