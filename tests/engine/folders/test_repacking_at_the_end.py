"""A run is done when its repository is repacked; until then that gives way to whoever wants it to end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scidex_console.domain.runs import RunState
from scidex_console.wiring.reading import readers
from tests.adapters.git.repacking import group_at_work, members, noise, objects, trace, until
from tests.crash.processes import engine_process
from tests.engine.bench import AtRest, Bench, until_true
from tests.engine.folders.conftest import FOLDERS, FolderBench
from tests.engine.folders.tiny import row_of, tiny_lab
from tests.samples import sample

NAMES = [f"a{number:02}" for number in range(4)]
INTERRUPTED = "repacking the repository, which was interrupted and is to be done again"


@pytest.fixture
async def heavy(tmp_path: Path, scidex_database: str) -> AsyncIterator[FolderBench]:
    """Four figures, and beside them so much that repacking takes seconds."""
    files = {f"figures/{name}.png": name.encode() for name in NAMES}
    rows = [row_of(name, f"figures/{name}.png", content=name.encode()) for name in NAMES]
    files |= {f"noise/{number}.bin": content for number, content in enumerate(noise(150))}
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, rows)
    async with readers(lab.settings) as connected:
        yield FolderBench(Bench(lab, None, connected))  # type: ignore[arg-type]


def git_dir(folders: FolderBench) -> Path:
    return Path(folders.bench.lab.git("rev-parse", "--absolute-git-dir").strip())


async def at_work(folders: FolderBench) -> int:
    """The group of git's processes that repack."""
    return await asyncio.to_thread(group_at_work, git_dir(folders))


def repacked(folders: FolderBench) -> bool:
    (row,) = folders.rows("SELECT bytes_repacked FROM scidex_console.folder_census")
    return row["bytes_repacked"] is not None


def require_undone(folders: FolderBench, group: int) -> None:
    """Git has ended, nothing half-written is left, and the run is not called done."""
    assert members(group) == {}
    assert not trace(git_dir(folders)).exists()
    assert not [name for name in objects(git_dir(folders)) if "tmp" in name]
    assert not repacked(folders)
    assert folders.bench.run_state() is not RunState.DONE


async def require_begun_again(folders: FolderBench, group: int) -> None:
    """The next engine repacks anew, after ending what was left of the repack before."""
    async with folders.bench.engine(jobs=FOLDERS):
        await asyncio.to_thread(until, lambda: group_at_work(git_dir(folders)) != group)
        assert members(group) == {}
        await folders.ask("cancel", reason="seen")


@pytest.mark.sweep
async def test_a_run_says_that_it_repacks_and_a_pause_ends_that(heavy: FolderBench) -> None:
    async with heavy.bench.engine(jobs=FOLDERS):
        await heavy.ask("start")
        group = await at_work(heavy)
        assert heavy.bench.run_row()["waits_on"] == "repacking the repository"
        await heavy.ask("pause")
        require_undone(heavy, group)
        assert heavy.bench.run_state() is RunState.PAUSED
        await heavy.ask("resume")
        await until_true(lambda: heavy.bench.run_state() in AtRest, "the run at rest", patience=120)
        assert heavy.bench.run_state() is RunState.DONE
        assert repacked(heavy)
        assert heavy.bench.run_row()["waits_on"] == ""
    assert "packs: 1\n" in heavy.bench.lab.git("count-objects", "-v")


@pytest.mark.sweep
async def test_a_cancelled_run_leaves_the_repack_to_whoever_maintains(heavy: FolderBench) -> None:
    async with heavy.bench.engine(jobs=FOLDERS):
        await heavy.ask("start")
        group = await at_work(heavy)
        await heavy.ask("cancel", reason="enough")
        require_undone(heavy, group)
        assert heavy.bench.run_state() is RunState.CANCELLED


@pytest.mark.parametrize("number", sample(signal.SIGTERM, signal.SIGINT))
@pytest.mark.sweep
async def test_an_engine_told_to_leave_ends_its_repack_and_the_next_one_repeats_it(
    heavy: FolderBench, number: signal.Signals
) -> None:
    async with engine_process(heavy.bench.lab, "--jobs", "folders") as engine:
        await engine.holds_the_store()
        await heavy.bench.submit("start", next(iter(FOLDERS)))
        group = await at_work(heavy)
        engine.signal(number)
        assert await engine.ended() == 0
    require_undone(heavy, group)
    assert heavy.bench.run_state() is RunState.RUNNING
    assert heavy.bench.run_row()["waits_on"] == INTERRUPTED
    await require_begun_again(heavy, group)


@pytest.mark.sweep
async def test_what_a_killed_engine_left_at_work_is_ended_by_the_next_one(heavy: FolderBench) -> None:
    async with engine_process(heavy.bench.lab, "--jobs", "folders") as engine:
        await engine.holds_the_store()
        await heavy.bench.submit("start", next(iter(FOLDERS)))
        group = await at_work(heavy)
        engine.signal(signal.SIGKILL)
        assert await engine.ended() == -signal.SIGKILL
    assert heavy.bench.run_state() is RunState.RUNNING and not repacked(heavy)
    await require_begun_again(heavy, group)
    require_undone(heavy, group)
