"""No room, or files that may not grow: the run halts, says what is needed, and goes on once there is room."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from scidex_console.domain.intents import IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from tests.crash.checks import assert_sound, figures_with_file
from tests.crash.disks import fill
from tests.crash.processes import engine_process
from tests.engine.bench import Bench, addresses, bench, until_true
from tests.samples import sample

HOSTS = (("a.example.org", 8), ("b.example.org", 8))


def assert_nothing_lost(bench: Bench) -> None:
    """Whatever a row names is there, whole; nothing was marked dead."""
    for row in figures_with_file(bench.lab).values():
        assert (bench.lab.store.outer / str(row["file_path"])).stat().st_size
    assert not bench.tally()["dead"]


@pytest.mark.parametrize("leave", sample(60_000, 0))
async def test_full_disk_halts_with_the_bytes_needed_and_resumes_by_hand(
    tmp_path: Path, disk: Path, scidex_database: str, leave: int
) -> None:
    await _fill_and_make_room(tmp_path, disk, scidex_database, leave)


@pytest.mark.sweep
@pytest.mark.parametrize("leave", range(4_096, 200_000, 4_096))
async def test_disk_that_fills_up_at_any_point_of_a_batch_loses_nothing(
    tmp_path: Path, disk: Path, scidex_database: str, leave: int
) -> None:
    await _fill_and_make_room(tmp_path, disk, scidex_database, leave)


@pytest.mark.sweep
async def test_full_disk_that_one_job_meets_halts_the_other_too(
    tmp_path: Path, disk: Path, scidex_database: str
) -> None:
    every = frozenset({JobName.FIGURES, JobName.FOLDERS})
    async with (
        bench(tmp_path, scidex_database, addresses(*HOSTS), extra='[folders]\nevery = "0s"\n') as made,
        made.engine(jobs=every),
    ):
        made.hosts.let(0)
        await made.ask("start")
        await until_true(lambda: made.hosts.at_the_door > 0, "a figure is waited for")
        ballast = fill(disk, leave=0)
        await made.ask("start", JobName.FOLDERS)
        if ballast is not None:
            await until_true(lambda: _states(made) == {"figures": "halted", "folders": "halted"}, "both halt")
            ballast.unlink()
            for job in every:
                assert (await made.ask("resume", job)).state is IntentState.DONE
        made.hosts.let(None)
        await until_true(lambda: _states(made) == {"figures": "done", "folders": "done"}, "both go on")
        assert_nothing_lost(made)


def _states(made: Bench) -> dict[str, str]:
    return {row["job"]: row["state"] for row in made.lab.rows("SELECT job, state FROM scidex_console.run")}


async def _fill_and_make_room(tmp_path: Path, disk: Path, scidex_database: str, leave: int) -> None:
    async with bench(tmp_path, scidex_database, addresses(*HOSTS)) as made, made.engine():
        await made.ask("step", count=6)
        stored = made.tally()["stored"]
        ballast = fill(disk, leave=leave)
        await made.ask("resume")
        if ballast is not None:
            assert await made.at_rest() is RunState.HALTED
            run = made.run_row()
            assert "space" in run["halt_reason"] or "full" in run["halt_reason"]
            assert "make room" in run["halt_reason"]
            assert run["halt_bytes_needed"] is None or run["halt_bytes_needed"] > 0
            assert made.tally()["stored"] >= stored
            assert_nothing_lost(made)
            asked = len(made.asked())
            again = await made.ask("start")
            assert again.state is IntentState.REFUSED and "is halted" in again.outcome
            assert len(made.asked()) == asked, "nobody is asked while it is halted"
            # Too early: it halts again, or what is open cannot be settled yet.
            await made.ask("resume")
            assert await made.at_rest() is RunState.HALTED
            ballast.unlink()
            assert (await made.ask("resume")).state is IntentState.DONE
        assert await made.at_rest() is RunState.DONE
        assert made.tally() == {"stored": len(made.lab.store.lost)}
        await made.ask("pause")
    assert_sound(made.lab)


@pytest.mark.sweep
async def test_limit_on_file_sizes_halts_and_the_next_engine_goes_on(
    tmp_path: Path, scidex_database: str
) -> None:
    async with bench(tmp_path, scidex_database, addresses(*HOSTS)) as made:
        start = await made.submit("start")
        async with engine_process(made.lab, most_bytes=1000) as engine:
            await made.settled(start)
            assert await made.at_rest() is RunState.HALTED
            run = made.run_row()
            assert "ulimit -f" in run["halt_reason"]
            assert run["halt_bytes_needed"] is None, "room is not what is missing"
            assert_nothing_lost(made)
            engine.signal(signal.SIGTERM)
            assert await engine.ended() == 4, "it waits for a person"
            assert any("halted" in line for line in engine.lines)
        async with made.engine():
            assert made.run_state() is RunState.HALTED
            await made.ask("resume")
            assert await made.at_rest() is RunState.DONE
        assert made.tally() == {"stored": len(made.lab.store.lost)}
        assert_sound(made.lab)


@pytest.mark.sweep
async def test_full_database_disk_halts_as_soon_as_that_can_be_told_and_resumes_by_hand(
    tmp_path: Path, database_disk: Path, scidex_database: str
) -> None:
    urls = addresses(("a.example.org", 60), ("b.example.org", 60))
    async with bench(tmp_path, scidex_database, urls, settings={"files": "40"}) as made:
        async with made.engine() as engine:
            await made.ask("step", count=5)
            ballast = fill(database_disk, leave=0)
            await made.ask("resume")
            if ballast is not None:
                await until_true(lambda: "No space left" in engine._p.pulse.note, "the engine says so")
                ballast.unlink()
                assert await made.at_rest() is RunState.HALTED
                assert "make room on the database's disk" in made.run_row()["halt_reason"]
                assert (await made.ask("resume")).state is IntentState.DONE
            assert await made.at_rest() is RunState.DONE
        assert made.tally() == {"stored": len(made.lab.store.lost)}
        assert_sound(made.lab)
