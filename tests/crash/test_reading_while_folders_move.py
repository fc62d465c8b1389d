"""Whoever reads a row and opens its file finds it, whatever the migration is doing meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scidex_console.domain.intents import IntentState
from scidex_console.domain.runs import RunState
from tests.crash.reading_rows import reading_rows
from tests.engine.bench import AtRest, addresses, bench, until_true
from tests.engine.folders.conftest import FOLDERS, FolderBench


@pytest.fixture
async def read_folders(
    tmp_path: Path, database_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[FolderBench]:
    """A store of the demo's own making, whose readers have half a second."""
    artifacts, cycle = request.param
    extra = f'[folders]\ncycle = {cycle}\nevery = "0s"\ngrace = "500ms"\n'
    urls = addresses(("figures.example.org", 8))
    async with bench(tmp_path, database_url, urls, extra=extra, artifacts=artifacts) as made:
        yield FolderBench(made)


async def there_and_back(folders: FolderBench) -> None:
    """Everything is migrated, the cycles are taken back one after the other, and brought on again."""
    read, rounds = folders.bench.readers.read, ("rollback", "redo")
    async with folders.bench.engine(jobs=FOLDERS):
        await folders.ask("start")
        await until_true(lambda: folders.bench.run_state() in AtRest, "the run at rest", patience=600)
        assert folders.bench.run_state() is RunState.DONE, folders.bench.run_row()
        for action in rounds:
            for batch in sorted(folders.bench.batches(), key=lambda b: b["id"], reverse=action == "rollback"):
                token = (await read.rollback_preview(batch["id"], redo=action == "redo")).token
                done = await folders.ask(action, reason="a trial", batch=batch["id"], token=token)
                assert done.state is IntentState.DONE, done.outcome


async def _prove(folders: FolderBench, least: int, *, pause_s: float) -> None:
    async with reading_rows(folders.bench.lab, pause_s=pause_s) as report:
        await there_and_back(folders)
    assert report["wrong"] == []
    assert report["reads"] >= least and report["moved"] > report["artifacts"] // 2, report


@pytest.mark.parametrize("read_folders", [(30, 12)], indirect=True)
async def test_no_reader_misses_a_file_there_and_back_and_there_again(read_folders: FolderBench) -> None:
    await _prove(read_folders, 500, pause_s=0.002)


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("read_folders", [(600, 100)], indirect=True)
async def test_no_reader_misses_a_file_of_a_larger_store(read_folders: FolderBench) -> None:
    await _prove(read_folders, 20_000, pause_s=0.0)
