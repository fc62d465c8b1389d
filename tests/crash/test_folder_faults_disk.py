"""No room within a folder cycle: all writing halts, says what is needed, and goes on when told."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from scidex_console.domain.intents import IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from tests.crash.disks import fill
from tests.crash.folder_stores import PHASES, Migration, migration
from tests.crash.processes import engine_process
from tests.engine.bench import until_true
from tests.engine.folders.conftest import FOLDERS
from tests.samples import sample

PAGE = 4096
STRIDE = int(os.environ.get("SCIDEX_DISK_STRIDE", "24"))
"""Of the levels to which the disk is filled the sweep takes one in so many; with 1 it takes every one."""
MOST_PAGES = 72
PLENTY = 1000
"""With so many pages a cycle of three goes through, however large the sweep's store has become."""


def assert_halted_for_room(folders: Migration) -> None:
    """The run says what is wrong, what to do, and how much is needed where that can be told."""
    run = folders.bench.run_row()
    assert "disk is full" in run["halt_reason"] or "o space left" in run["halt_reason"], run["halt_reason"]
    assert "make room" in run["halt_reason"]
    assert run["halt_bytes_needed"] is not None and run["halt_bytes_needed"] > 0


async def _cycle_without_room(folders: Migration, room: Path, leave: int) -> bool:
    """One cycle with so much room left, and then with all of it; whether it halted in between."""
    ballast = fill(room, leave=leave)
    await folders.ask("step", count=1, cycle=True)
    halted = folders.bench.run_state() is RunState.HALTED
    if ballast is not None:
        assert halted or leave > 0
        if halted:
            await until_true(lambda: "HALT: " in folders.bench.note(), "the engine says so")
            assert_halted_for_room(folders)
            await _nothing_is_written_while_halted(folders)
        ballast.unlink()
    if halted:
        assert (await folders.ask("resume")).state is IntentState.DONE
        await folders.ask("pause")
    await folders.assert_sound()
    return halted


async def _nothing_is_written_while_halted(folders: Migration) -> None:
    before = folders.artifacts(), folders.lab.git("rev-parse", "HEAD")
    refused = await folders.ask("start")
    assert refused.state is IntentState.REFUSED and "is halted" in refused.outcome
    assert (folders.artifacts(), folders.lab.git("rev-parse", "HEAD")) == before


async def _turn_without_room(folders: Migration, room: Path, leave: int, phase: str) -> bool:
    """A rollback or a redo is refused, or waits half-way for room; whether it was held up at all.

    Once there is room it comes to its end: by itself, or when it is asked for again.
    """
    ballast = fill(room, leave=leave)
    before = folders.artifacts(), folders.lab.git("rev-parse", "HEAD")
    ordered = await folders.order(phase)
    if ballast is None:
        await folders.done(ordered)
        return False
    await until_true(lambda: _stands_still(folders, ordered.id), "it is settled, or says what it waits for")
    intent = await folders.bench.intent(ordered)
    held_up = intent.state is not IntentState.DONE
    if intent.state is IntentState.REFUSED:
        assert "disk is full" in intent.outcome and "make room" in intent.outcome
        assert (folders.artifacts(), folders.lab.git("rev-parse", "HEAD")) == before, "nothing has begun"
    ballast.unlink()
    if intent.state is IntentState.REFUSED:
        ordered = await folders.order(phase)
    await folders.done(ordered)
    await folders.assert_sound()
    return held_up


def _stands_still(folders: Migration, intent: int) -> bool:
    (row,) = folders.rows("SELECT settled_at, waits_on FROM scidex_console.intent WHERE id = %s", intent)
    return row["settled_at"] is not None or "full" in row["waits_on"]


@pytest.mark.parametrize("pages", sample(12, 0))
async def test_full_disk_halts_a_cycle_with_the_bytes_needed_and_loses_nothing(
    tmp_path: Path, disk: Path, scidex_database: str, pages: int
) -> None:
    async with migration(disk, scidex_database, 3) as folders:
        async with folders.bench.engine(jobs=FOLDERS):
            halted = await _cycle_without_room(folders, disk, pages * PAGE)
            assert halted or not os.path.ismount(disk)
            await folders.to_the_end()
        assert len(folders.migrated()) == 9
        await folders.assert_sound(verified=True)


@pytest.mark.parametrize("pages", sample(3, 0))
@pytest.mark.sweep
async def test_full_disk_holds_up_a_rollback_and_a_redo_which_then_come_to_their_end(
    tmp_path: Path, disk: Path, scidex_database: str, pages: int
) -> None:
    async with migration(disk, scidex_database, 1) as folders:
        async with folders.bench.engine(jobs=FOLDERS):
            await folders.do("forward")
            held_up = await _turn_without_room(folders, disk, pages * PAGE, "back")
            assert folders.migrated() == set()
            held_up |= await _turn_without_room(folders, disk, pages * PAGE, "again")
            assert len(folders.migrated()) == 3
        assert held_up or not os.path.ismount(disk)
        await folders.assert_sound(verified=True)


@pytest.mark.sweep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("phase", PHASES)
async def test_disk_that_fills_up_at_any_point_of_a_folder_batch_loses_nothing(
    tmp_path: Path, disk: Path, scidex_database: str, phase: str
) -> None:
    levels = [*range(0, MOST_PAGES + 1, STRIDE), PLENTY]
    held_up = 0
    async with migration(disk, scidex_database, 3 * len(levels)) as folders:
        async with folders.bench.engine(jobs=FOLDERS):
            for pages in levels:
                if phase == "forward":
                    held_up += await _cycle_without_room(folders, disk, pages * PAGE)
                else:
                    await folders.lead_to(phase)
                    held_up += await _turn_without_room(folders, disk, pages * PAGE, phase)
        await folders.assert_sound(verified=True)
    if os.path.ismount(disk):
        assert 0 < held_up < len(levels), "from no room at all to room enough"


@pytest.mark.sweep
async def test_repacking_at_the_end_without_room_halts_and_is_done_after_it(
    tmp_path: Path, disk: Path, scidex_database: str
) -> None:
    async with migration(disk, scidex_database, 1) as folders:
        async with folders.bench.engine(jobs=FOLDERS):
            await folders.do("forward")
            kept = _bytes_kept(folders)
            ballast = fill(disk, leave=kept // 2)
            await folders.ask("resume")
            if ballast is not None:
                await folders.bench.at_rest(RunState.HALTED)
                run = folders.bench.run_row()
                assert "repacking" in run["halt_reason"] and run["halt_bytes_needed"] > kept // 2
                assert len(folders.migrated()) == 3, "all is migrated, and only the repacking is left"
                ballast.unlink()
                await folders.ask("resume")
            await folders.bench.at_rest(RunState.DONE)
        await folders.assert_sound(verified=True)


def _bytes_kept(folders: Migration) -> int:
    objects = folders.lab.git("rev-parse", "--path-format=absolute", "--git-path", "objects").strip()
    return sum(path.stat().st_size for path in Path(objects).rglob("*") if path.is_file())


@pytest.mark.sweep
async def test_limit_on_file_sizes_halts_the_migration_and_the_next_engine_goes_on(
    tmp_path: Path, scidex_database: str
) -> None:
    async with migration(tmp_path, scidex_database, 2) as folders:
        start = await folders.bench.submit("start", JobName.FOLDERS)
        async with engine_process(folders.lab, "--jobs", "folders", most_bytes=100) as engine:
            await folders.bench.settled(start)
            await folders.bench.at_rest(RunState.HALTED)
            run = folders.bench.run_row()
            assert "ulimit -f" in run["halt_reason"] and run["halt_bytes_needed"] is None
            engine.signal(signal.SIGTERM)
            assert await engine.ended() == 4, "it waits for a person"
        async with folders.bench.engine(jobs=FOLDERS):
            assert folders.bench.run_state() is RunState.HALTED
            await folders.to_the_end()
        assert len(folders.migrated()) == 6
        await folders.assert_sound(verified=True)


@pytest.mark.sweep
async def test_full_database_disk_halts_the_migration_and_resumes_by_hand(
    tmp_path: Path, database_disk: Path, scidex_database: str
) -> None:
    async with migration(tmp_path, scidex_database, 40, cycle=60) as folders:
        async with folders.bench.engine(jobs=FOLDERS) as engine:
            await folders.do("forward")
            ballast = fill(database_disk, leave=0)
            ordered = await folders.order("forward")
            if ballast is not None:
                await until_true(lambda: "No space left" in engine._p.pulse.note, "the engine says so")
                ballast.unlink()
                await folders.bench.at_rest(RunState.HALTED)
                assert "make room on the database's disk" in folders.bench.run_row()["halt_reason"]
            await folders.bench.settled(ordered)
            await folders.to_the_end()
        assert len(folders.migrated()) == 120
        await folders.assert_sound(verified=True)
