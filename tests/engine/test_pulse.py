"""What the heartbeat tells of, and for how long."""

from __future__ import annotations

from pathlib import Path

from scidex_console.domain.figures import operation_for
from scidex_console.domain.intents import IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.engine.pulse import PASSING_S, Pulse
from scidex_console.wiring.held_store import HeldStore, held_store
from tests.engine.bench import Bench, addresses, bench, until_true
from tests.labs import prepare_figures


def test_what_is_over_is_told_until_the_next_batch() -> None:
    pulse = Pulse()
    pulse.mention("recovery", "recovered 3 operations")
    pulse.say("publishing", "not published: no way there")
    assert pulse.note == "recovered 3 operations; not published: no way there"
    pulse.begin_batch()
    assert pulse.note == "not published: no way there"


def test_what_is_over_is_told_no_longer_than_ten_minutes() -> None:
    pulse = Pulse()
    pulse.grow_older(1000.0)
    pulse.mention("recovery", "recovered 3 operations")
    pulse.grow_older(1001.0)
    pulse.grow_older(1001.0 + PASSING_S - 1)
    assert pulse.note == "recovered 3 operations"
    pulse.grow_older(1001.0 + PASSING_S)
    assert pulse.note == ""


def test_what_lasts_is_told_as_long_as_it_lasts() -> None:
    pulse = Pulse()
    pulse.mention("recovery", "recovered 3 operations")
    pulse.say("recovery", "not recovered: a lock")
    pulse.begin_batch()
    for now in (0.0, PASSING_S, 3 * PASSING_S):
        pulse.grow_older(now)
    assert pulse.note == "not recovered: a lock"


async def test_a_recovery_is_told_until_the_next_batch_of_the_run(
    tmp_path: Path, scidex_database: str
) -> None:
    async with bench(tmp_path, scidex_database, addresses(("fine.example.org", 12))) as lost:
        async with held_store(lost.lab.settings, lost.options()) as held:
            await leave_a_batch_open(lost, held)
        async with lost.engine(heartbeat_s=0.05):
            await until_true(lambda: lost.note() == "recovered 2 operations", "what was recovered")
            assert (await lost.ask("step", count=1, cycle=True)).state is IntentState.DONE
            await until_true(lambda: lost.note() == "", "and nothing after a batch")


async def leave_a_batch_open(lost: Bench, held: HeldStore) -> None:
    """Journal a batch of two figures and go no further, as an engine that was killed then."""
    await prepare_figures(held, lost.lab, stored=lost.lab.lost(2))
    prepared = await held.figures().prepared(files=2, marks=0)
    paths = lost.lab.settings.artifact_paths()
    await held.journal().prepare(
        JobName.FIGURES,
        None,
        [operation_for(figure, paths, held.identity.file_path_field) for figure in prepared],
        base_commit=held.files.repository.head(),
        epoch=held.mandate.epoch,
        authorization="lab 1",
    )
