"""kill -9 at each place of a decision about files that no row claims, of its undo, and of the run."""

from __future__ import annotations

import asyncio
import os
from itertools import count
from pathlib import Path

import pytest

from scidex_console.adapters.postgres.intents import PostgresIntents
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.runs import PostgresRuns
from scidex_console.domain.intents import Intent
from scidex_console.domain.triage import Decision
from scidex_console.engine import killpoints
from scidex_console.engine.finishing import Finishing
from scidex_console.engine.writer import Writer
from scidex_console.wiring import clean_up
from scidex_console.wiring.engine import HeldStore
from scidex_console.wiring.reading import readers
from scidex_console.wiring.triage_orders import triage_orders
from tests.crash.checks import assert_git_is_clean
from tests.crash.folder_checks import assert_verified
from tests.crash.forked import Work, killed, run_in_child
from tests.engine.cleanup.attic import attic, look, make
from tests.engine.triage.cases import number_of
from tests.labs import Lab

FILES = {
    Decision.ADOPT: ("notebooks", "figures/lost.png"),
    Decision.KEEP: ("figures", "notes/run.sh"),
    Decision.DELETE: ("notes", "figures/deep"),
}
STRIDE = int(os.environ.get("SCIDEX_DECISION_KILL_STRIDE", "3"))
"""Of the numbered places the sweep takes one in so many; with 1 it takes every one."""


async def gate_is_open() -> None:
    """The gate was passed over when the store was made."""


def settle(lab: Lab) -> Work:
    """What an engine does: recover, take up what is on the desk, settle it."""

    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        intents = PostgresIntents(held.fenced)
        orders = triage_orders(
            lab.settings,
            held,
            finishing=Finishing(PostgresRuns(held.fenced), held.journal(), writer),
            journal=held.journal(),
            writer=writer,
            previews=PostgresReadModel(held.fenced.database),
            check_cleanup=gate_is_open,
        )
        for intent in await intents.claim():
            await intents.settle(intent, done=True, outcome=await orders.decide(intent))
        await writer.publish()

    return work


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


def storm(lab: Lab, kill_at: int) -> bool:
    """Kill the settling at one place, its recovery at another, let the third engine finish.

    False when there is no such place.
    """
    first = run_in_child(lab, settle(lab), kill_at=kill_at)
    if not killed(first):
        assert first == 0
        return False
    second = run_in_child(lab, settle(lab), kill_at=1 + kill_at % 7)
    assert second == 0 or killed(second)
    assert run_in_child(lab, settle(lab)) == 0
    return True


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
    hit = storm(lab, 10**6 if undoing else kill_at)
    assert_applied(lab, decision)
    assert_git_is_clean(lab)
    undo = number_of(put(lab, decision, undoes=number))
    hit = storm(lab, kill_at if undoing else 10**6) or hit
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


@pytest.mark.parametrize(
    ("decision", "kill_at", "undoing"),
    [(Decision.KEEP, 11, False), (Decision.KEEP, 13, True), (Decision.ADOPT, 8, False)],
)
def test_clean_up_killed_at_a_step_is_whole_after_restart(
    lab: Lab, decision: Decision, kill_at: int, undoing: bool
) -> None:
    assert one_round(lab, decision, kill_at=kill_at, undoing=undoing)
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
    assert run_in_child(lab, settle(lab)) == 0
    for name in ("figures/a/b", "notebooks"):
        (lab.store.artifacts / name).mkdir(parents=True)
    for kill_at in (1, 3, 5, 10**6):
        code = _run_killed(lab, kill_at)
        assert killed(code) or (kill_at == 10**6 and code == 0)
    assert {e.name for e in lab.store.artifacts.iterdir() if not e.name.startswith(".")} & {
        "figures"
    } == set()
    assert_verified(lab)


def _run_killed(lab: Lab, kill_at: int) -> int:
    """One run, killed at a place; as `run_in_child`, without an engine."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.environ["SCIDEX_CONSOLE_KILL_AT"] = str(kill_at)
            killpoints._reached = 0
            asyncio.run(_clean_up(lab))
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


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
