"""Steps do not wait for the next cycle, a run does and says until when, and a restart keeps the schedule."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scidex_console.domain.runs import RunState
from scidex_console.engine.jobs.migrate_folders import GROUP
from scidex_console.wiring.reading import readers
from tests.engine.bench import Bench, until_true
from tests.engine.folders.conftest import FOLDERS, FolderBench
from tests.engine.folders.test_whole_migration import git
from tests.engine.folders.tiny import row_of, tiny_lab
from tests.engine.folders.trial import held

NAMES = [f"a{number:02}" for number in range(12)]


@asynccontextmanager
async def paced(folder: Path, database_url: str, *, cycle: int, every: str) -> AsyncIterator[FolderBench]:
    """Twelve figures, and engines that migrate them at a pace."""
    files = {f"figures/{name}.png": name.encode() for name in NAMES}
    rows = [row_of(name, f"figures/{name}.png", content=name.encode()) for name in NAMES]
    lab = await asyncio.to_thread(
        tiny_lab, folder, database_url, files, rows, cycle=cycle, every=every, grace="100ms"
    )
    async with readers(lab.settings) as connected:
        yield FolderBench(Bench(lab, None, connected))  # type: ignore[arg-type]


def migrated(folders: FolderBench) -> list[str]:
    """Artifacts that have their folder, the newest first."""
    rows = folders.rows("SELECT id FROM artifacts WHERE migrated_to_folder_at IS NOT NULL ORDER BY id")
    return [row["id"] for row in rows]


def next_cycle_at(folders: FolderBench) -> datetime | None:
    (row,) = folders.rows("SELECT next_cycle_at FROM scidex_console.folder_census")
    return row["next_cycle_at"]


async def test_a_step_migrates_so_many_artifacts_the_newest_first(
    tmp_path: Path, scidex_database: str
) -> None:
    async with (
        paced(tmp_path, scidex_database, cycle=5, every="30m") as folders,
        folders.bench.engine(jobs=FOLDERS),
    ):
        await folders.ask("step", count=1)
        assert migrated(folders) == NAMES[:1] and folders.bench.run_state() is RunState.PAUSED
        await folders.ask("step", count=2)
        assert migrated(folders) == NAMES[:3]
        subjects = git(folders.checkout, "log", "--format=%s", "--merges").splitlines()
        assert [words.partition(" (")[0] for words in subjects] == [
            "folders: migrate 2 artifacts",
            "folders: migrate 1 artifact",
        ]
        await folders.ask("step", count=1, cycle=True)
        assert migrated(folders) == NAMES[:8]
        await folders.ask("step", count=1, cycle=True)
        assert migrated(folders) == NAMES, "without waiting for the next cycle's time"


@pytest.mark.sweep
async def test_a_run_waits_for_the_next_cycle_says_until_when_and_a_restart_keeps_to_it(
    tmp_path: Path, scidex_database: str
) -> None:
    async with paced(tmp_path, scidex_database, cycle=5, every="30m") as folders:
        async with folders.bench.engine(jobs=FOLDERS):
            began = datetime.now(UTC)
            await folders.ask("start")
            await until_true(
                lambda: "the next cycle begins" in folders.bench.run_row()["waits_on"], "the run says so"
            )
            assert migrated(folders) == NAMES[:5] and folders.bench.run_state() is RunState.RUNNING
            at = next_cycle_at(folders)
            assert at is not None and timedelta(minutes=29) < at - began <= timedelta(minutes=31)
            said = folders.bench.run_row()["waits_on"]
            assert said == f"7 artifacts; the next cycle begins {at.astimezone(UTC):%H:%M:%S} UTC"
        async with folders.bench.engine(jobs=FOLDERS):
            await until_true(lambda: folders.bench.run_row()["waits_on"] == said, "it still waits")
            assert migrated(folders) == NAMES[:5] and next_cycle_at(folders) == at
            await folders.ask("pause")
            await folders.ask("step", count=2)
            assert migrated(folders) == NAMES[:7], "a step does not wait"
        folders.rows("UPDATE scidex_console.folder_census SET next_cycle_at = now()")
        async with folders.bench.engine(jobs=FOLDERS):
            await folders.ask("resume")
            await until_true(lambda: len(migrated(folders)) == 12, "the next cycle")
            assert await folders.bench.at_rest() is RunState.DONE


async def test_a_cycle_counts_what_is_handed_out_and_not_begun(tmp_path: Path, scidex_database: str) -> None:
    async with (
        paced(tmp_path, scidex_database, cycle=5, every="30m") as folders,
        held(folders.bench.lab) as trial,
    ):
        await trial.job.begin(stepping=False)
        await trial.job.survey(trial.held.mandate.epoch)
        items = await trial.job.next_items(GROUP, 20, excluding=[])
        assert [item.artifact_id for item in items] == NAMES[:5]
        for item in items[:4]:
            await (await trial.job.prepare(item, run_id=0, epoch=trial.held.mandate.epoch))()
        assert await trial.job.next_items(GROUP, 20, excluding=[items[4].artifact_id]) == []


@pytest.mark.sweep
async def test_steps_do_not_use_up_a_cycle_that_they_did_not_fill(
    tmp_path: Path, scidex_database: str
) -> None:
    async with (
        paced(tmp_path, scidex_database, cycle=5, every="30m") as folders,
        folders.bench.engine(jobs=FOLDERS),
    ):
        for _ in range(3):
            await folders.ask("step", count=1)
        await folders.ask("resume")
        await until_true(
            lambda: "the next cycle begins" in folders.bench.run_row()["waits_on"], "a cycle has passed"
        )
        assert len(migrated(folders)) >= 5, "three steps are less than a cycle"


@pytest.mark.sweep
async def test_a_run_paused_in_a_cycle_leaves_nothing_half_done(tmp_path: Path, scidex_database: str) -> None:
    async with (
        paced(tmp_path, scidex_database, cycle=4, every="0s") as folders,
        folders.bench.engine(jobs=FOLDERS),
    ):
        await folders.ask("start")
        await until_true(lambda: len(migrated(folders)) >= 1, "the first cycle")
        await folders.ask("pause")
        assert folders.bench.run_state() is RunState.PAUSED
        batches = folders.bench.batches()
        assert {batch["state"] for batch in batches} == {"cleaned"}
        operations = folders.rows("SELECT artifact_id FROM scidex_console.operation WHERE state = 'done'")
        assert sorted(row["artifact_id"] for row in operations) == migrated(folders)
        assert all(
            (folders.checkout / f"figures/{name}.png").exists() for name in NAMES[len(migrated(folders)) :]
        )
        await folders.ask("resume")
        assert await folders.bench.at_rest() is RunState.DONE
        assert migrated(folders) == NAMES
