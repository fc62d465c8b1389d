"""The database goes away within a folder cycle, its rollback or its redo: each is brought to its end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.wiring.held_store import HeldStore
from tests.crash.at_places import at_place
from tests.crash.folder_stores import PHASES, Migration, migration
from tests.crash.test_faults_database import Unsteady, _scidex_tables, cut_connections
from tests.engine.bench import until_true
from tests.engine.folders.conftest import FOLDERS
from tests.samples import sample

STRIDE = int(os.environ.get("SCIDEX_CUT_STRIDE", "24"))
"""Of the places of a batch the sweep takes one in so many; with 1 it takes every one."""
IMPATIENT = {"heartbeat_s": 0.1, "retry_s": 0.02}


async def _trouble_at(folders: Migration, phase: str, number: int, act: Callable[[], object]) -> bool:
    """Something happens at one place of a phase, which ends as it should; False: it has no such place."""
    await folders.lead_to(phase)
    with at_place(number, act) as place:
        await folders.do(phase)
    batch = folders.bench.batches()[-1]
    assert batch["state"] == ("rolled_back" if phase == "back" else "cleaned")
    await folders.assert_sound()
    return place.hit


@pytest.mark.parametrize(("phase", "number"), sample(("forward", 25), ("back", 17), ("again", 30)))
async def test_connections_cut_within_a_batch_are_made_again_and_it_comes_to_its_end(
    tmp_path: Path, scidex_database: str, phase: str, number: int
) -> None:
    async with migration(tmp_path, scidex_database, 2) as folders:
        cut: list[int] = []
        async with folders.bench.engine(jobs=FOLDERS, **IMPATIENT):
            assert await _trouble_at(
                folders, phase, number, lambda: cut.append(cut_connections(folders.bench))
            )
            await until_true(lambda: "reconnecting" not in folders.bench.note(), "it has its connections")
        assert cut[0] > 0
        await folders.assert_sound(verified=True)


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("phase", PHASES)
async def test_connections_cut_between_any_two_steps_lose_and_double_nothing(
    tmp_path: Path, scidex_database: str, phase: str
) -> None:
    async with migration(tmp_path, scidex_database, 80) as folders:
        number = PHASES.index(phase) + 1
        async with folders.bench.engine(jobs=FOLDERS, **IMPATIENT):
            while await _trouble_at(folders, phase, number, lambda: cut_connections(folders.bench)):
                number += STRIDE
        await folders.assert_sound(verified=True)
    assert number > 30


async def _unsteady_to_the_end(folder: Path, database_url: str, groups: int, seed: int) -> int:
    """A migration whose transactions fail, or lose their replies; how many replies were lost."""
    unsteady: list[Unsteady] = []

    def seal(held: HeldStore) -> HeldStore:
        unsteady.append(Unsteady(held.fenced, seed))
        return replace(held, fenced=unsteady[0])

    async with migration(folder, database_url, groups) as folders:
        async with folders.bench.engine(jobs=FOLDERS, seal=seal, **IMPATIENT):
            for phase in PHASES:
                await folders.do(phase)
            await folders.to_the_end()
        async with folders.bench.engine(jobs=FOLDERS):  # what the end of the first left to be published
            await folders.ask("pause")
        assert len(folders.migrated()) == 3 * groups
        await folders.assert_sound(verified=True)
    return unsteady[0].lost_replies


@pytest.mark.sweep
async def test_lost_replies_and_connections_are_resolved_from_the_journal(
    tmp_path: Path, scidex_database: str
) -> None:
    assert await _unsteady_to_the_end(tmp_path, scidex_database, groups=2, seed=1) > 0


@pytest.mark.sweep
@pytest.mark.timeout(900)
async def test_many_lost_replies_and_connections_are_resolved_from_the_journal(
    tmp_path: Path, scidex_database: str
) -> None:
    assert await _unsteady_to_the_end(tmp_path, scidex_database, groups=10, seed=2) > 5


async def _restarted_within(folder: Path, cases: Sequence[tuple[str, int]]) -> None:
    """A server of this test's own is stopped in the middle of each batch, and started again after a while."""
    server = EmbeddedPostgres(folder / "postgres", durable=False)
    try:
        url = await asyncio.to_thread(server.start)
        await asyncio.to_thread(_scidex_tables, url)
        async with migration(folder, url, len(cases)) as folders:
            async with folders.bench.engine(jobs=FOLDERS, **IMPATIENT) as engine:
                for phase, number in cases:
                    await folders.lead_to(phase)
                    with at_place(number, server.stop) as place:
                        ordered = await folders.order(phase)
                        await until_true(lambda: "reconnecting" in engine._p.pulse.note, "it notices")
                        assert place.hit
                        await asyncio.to_thread(server.start)
                        await folders.done(ordered)
                    await until_true(lambda: "reconnecting" not in engine._p.pulse.note, "and goes on")
                    await folders.assert_sound()
            await folders.assert_sound(verified=True)
    finally:
        await asyncio.to_thread(server.destroy)


@pytest.mark.sweep
async def test_server_restarted_within_a_cycle_and_a_rollback_changes_nothing(tmp_path: Path) -> None:
    await _restarted_within(tmp_path, [("forward", 25), ("back", 14)])


@pytest.mark.sweep
@pytest.mark.timeout(1800)
async def test_server_restarted_between_any_two_steps_loses_and_doubles_nothing(tmp_path: Path) -> None:
    places = range(2, 40, 4 * STRIDE)
    await _restarted_within(tmp_path, [(phase, number) for number in places for phase in PHASES])
