"""kill -9 at each place of a decision about files that no row claims, of its undo, and of the run."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

import pytest

from scidex_console.domain.intents import Intent
from scidex_console.domain.triage import Decision
from scidex_console.wiring import clean_up
from scidex_console.wiring.reading import readers
from tests.crash.checks import assert_git_is_clean
from tests.crash.deciding import NOWHERE, STRIDE, settled_in_a_storm
from tests.crash.folder_checks import assert_verified
from tests.crash.forked import in_child, killed
from tests.engine.cleanup.attic import attic, look, make
from tests.engine.triage.cases import number_of
from tests.labs import Lab

FILES = {
    Decision.ADOPT: ("notebooks", "figures/lost.png"),
    Decision.KEEP: ("figures", "notes/run.sh"),
    Decision.DELETE: ("notes", "figures/deep"),
}


def put(lab: Lab, decision: Decision, *, undoes: int | None = None) -> Intent:
    """A decision, or the undo of one, on the desk."""

    async def ask() -> Intent:
        async with readers(lab.settings) as at:
            if undoes is not None:
                return await at.triage.decide(await at.triage.preview_undo(undoes), reason="a storm")
            preview = await at.cleanup.preview(decision, FILES[decision])
            assert not preview.preview.refused or decision is not Decision.KEEP
            return await at.cleanup.decide(preview, reason="a storm", typed=preview.phrase)

    return asyncio.run(ask())


def assert_applied(lab: Lab, decision: Decision) -> None:
    """As without a storm."""
    checkout = lab.store.artifacts
    rows = lab.rows("SELECT id FROM artifacts WHERE metadata ? 'adopted_from'")
    match decision:
        case Decision.ADOPT:
            assert len(rows) == 2, "each file has one row, however often it was begun"
        case Decision.KEEP:
            assert not (checkout / "figures").exists() and (checkout / "orphans/figures/lost.png").exists()
        case Decision.DELETE:
            assert not (checkout / "notes").exists() and not (checkout / "figures/deep").exists()


def one_round(lab: Lab, decision: Decision, *, kill_at: int, undoing: bool) -> bool:
    """There and back, with a storm on the way there or on the way back; whether it hit."""
    before, rows = look(lab), lab.rows("SELECT id FROM artifacts ORDER BY id")
    number = number_of(put(lab, decision))
    hit = settled_in_a_storm(lab, NOWHERE if undoing else kill_at)
    assert_applied(lab, decision)
    assert_git_is_clean(lab)
    undo = number_of(put(lab, decision, undoes=number))
    hit = settled_in_a_storm(lab, kill_at if undoing else NOWHERE) or hit
    assert look(lab) == before and lab.rows("SELECT id FROM artifacts ORDER BY id") == rows
    assert_git_is_clean(lab)
    results = lab.rows(
        "SELECT DISTINCT state FROM scidex_console.triage_result WHERE decision_id IN (%s, %s)", number, undo
    )
    assert [row["state"] for row in results] == ["applied"]
    return hit


@pytest.fixture
def lab(tmp_path: Path, scidex_database: str) -> Lab:
    made = make(tmp_path, scidex_database)

    async def pass_over() -> None:
        async with attic(made):
            pass

    asyncio.run(pass_over())
    return made


@pytest.mark.sweep
def test_clean_up_killed_at_a_step_is_whole_after_restart(lab: Lab) -> None:
    assert one_round(lab, Decision.KEEP, kill_at=11, undoing=False)
    assert one_round(lab, Decision.KEEP, kill_at=13, undoing=True)
    assert one_round(lab, Decision.ADOPT, kill_at=8, undoing=False)
    assert_verified(lab)


def test_run_killed_at_any_step_goes_on_from_there(lab: Lab) -> None:
    for decision, files in (
        (Decision.DELETE, ("notes", "notebooks", "README.md")),
        (Decision.KEEP, ("figures",)),
    ):

        async def ask(decision: Decision = decision, files: tuple[str, ...] = files) -> None:
            async with readers(lab.settings) as at:
                preview = await at.cleanup.preview(decision, files)
                await at.cleanup.decide(preview, reason="all of it", typed=preview.phrase)

        asyncio.run(ask())
    assert not settled_in_a_storm(lab, NOWHERE)
    for name in ("figures/a/b", "notebooks"):
        (lab.store.artifacts / name).mkdir(parents=True)
    for kill_at in (1, 3, 5):
        assert killed(in_child(lambda: _clean_up(lab), kill_at=kill_at))
    assert in_child(lambda: _clean_up(lab)) == 0
    assert {e.name for e in lab.store.artifacts.iterdir() if not e.name.startswith(".")} & {
        "figures"
    } == set()
    assert_verified(lab)


async def _clean_up(lab: Lab) -> None:
    async with readers(lab.settings) as at:
        token = (await at.cleanup.plan()).token
    after = await clean_up(lab.settings, token=token, reason="a storm", tell=lambda line: None)
    assert after.strays == ()


@pytest.mark.sweep
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("undoing", [False, True])
@pytest.mark.parametrize("decision", list(FILES))
def test_clean_up_killed_step_by_step_is_whole_after_restart(
    lab: Lab, decision: Decision, undoing: bool
) -> None:
    for kill_at in count(1, STRIDE):
        if not one_round(lab, decision, kill_at=kill_at, undoing=undoing):
            assert kill_at > 5
            break
    assert_verified(lab)
