"""Somebody takes a cycle back with git's own `revert`, as the specification says; a rollback follows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scidex_console.domain.batches import BatchState
from scidex_console.wiring import verify
from tests.crash.folder_checks import Before, assert_as_before, assert_folders_sound, assert_verified
from tests.engine.folders.tiny import git, row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial
from tests.labs import Lab

FILES = {f"figures/{name}.png": f"bytes of {name}".encode() for name in "abc"}


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    rows = [row_of(name, f"figures/{name}.png", content=FILES[f"figures/{name}.png"]) for name in "abc"]
    return await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, FILES, rows, links=[("a", "b")])


async def test_a_cycle_that_was_reverted_by_hand_is_taken_back_in_the_rows_as_well(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    batch = await trial.cycle()
    assert batch is not None
    git(lab.store.artifacts, "revert", "-m", "1", "--no-edit", batch.commit)
    report = await verify(lab.settings)
    assert {"I1", "I2", "I12"} <= set(report.broken), "rows lead to folders that are gone"
    batch = await trial.roll_back(batch)
    assert batch.state is BatchState.ROLLED_BACK
    assert_as_before(lab, before)
    await asyncio.to_thread(assert_verified, lab)
    await trial.redo(batch)
    assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)
    await asyncio.to_thread(assert_verified, lab)


@pytest.mark.sweep
async def test_a_cycle_reverted_by_hand_in_part_is_taken_back_whole(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    batch = await trial.cycle()
    assert batch is not None
    (own,) = [operation.commit for operation in batch.operations if operation.artifact_id == "b"]
    git(lab.store.artifacts, "-c", "merge.directoryRenames=false", "revert", "--no-edit", own)
    batch = await trial.roll_back(batch)
    assert batch.state is BatchState.ROLLED_BACK
    assert_as_before(lab, before)
    await asyncio.to_thread(assert_verified, lab)
