"""A rollback of folders that had to keep some is resumed once nothing is in the way any more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scidex_console.domain.batches import Batch, BatchState, OperationState
from tests.crash.folder_checks import Before, assert_as_before, assert_folders_sound, assert_verified
from tests.engine.folders.tiny import row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial, states
from tests.labs import Lab

FILES = {f"figures/{name}.png": f"bytes of {name}".encode() for name in "abc"}
TITLE = "UPDATE artifacts SET primary_filename = %s WHERE id = 'b'"


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    rows = [row_of(name, f"figures/{name}.png", content=FILES[f"figures/{name}.png"]) for name in "abc"]
    links = [("a", "b"), ("b", "c")]
    return await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, FILES, rows, links=links)


@pytest.fixture
async def partly(lab: Lab, trial: FolderTrial) -> Batch:
    """One batch of all three, of which `b` could not be taken back."""
    batch = await trial.cycle()
    assert batch is not None
    lab.rows(TITLE, "theirs.png")
    batch = await trial.roll_back(batch)
    lab.rows(TITLE, "b.png")
    assert batch.state is BatchState.PARTLY_ROLLED_BACK and trial.migrated() == {"b"}
    return batch


@pytest.mark.sweep
async def test_what_was_kept_is_taken_back_later_and_the_store_is_as_it_was(
    lab: Lab, before: Before, trial: FolderTrial, partly: Batch
) -> None:
    await asyncio.to_thread(assert_verified, lab)
    batch = await trial.roll_back(partly)
    assert batch.state is BatchState.ROLLED_BACK
    assert trial.words("b") == ["success", "kept", "rolled_back"]
    assert trial.words("a") == ["success", "rolled_back"], "it is told once"
    assert_as_before(lab, before)
    await asyncio.to_thread(assert_verified, lab)


async def test_a_redo_brings_on_what_was_taken_back_and_a_rollback_then_takes_all(
    lab: Lab, before: Before, trial: FolderTrial, partly: Batch
) -> None:
    batch = await trial.redo(partly)
    assert batch.state is BatchState.CLEANED and trial.migrated() == {"a", "b", "c"}
    assert states(batch)["b"] is OperationState.KEPT
    assert_folders_sound(lab, before)
    await asyncio.to_thread(assert_verified, lab)
    batch = await trial.roll_back(batch)
    assert batch.state is BatchState.ROLLED_BACK
    assert_as_before(lab, before)
    await asyncio.to_thread(assert_verified, lab)


@pytest.mark.sweep
async def test_what_was_migrated_anew_since_is_left_to_its_own_batch(
    lab: Lab, before: Before, trial: FolderTrial, partly: Batch
) -> None:
    lab.rows(
        "UPDATE scidex_console.folder SET state = 'due', due_at = now(), attempts = 0 WHERE artifact_id = 'a'"
    )
    later = await trial.cycle()
    assert later is not None and trial.migrated() == {"a", "b"}
    batch = await trial.roll_back(partly)
    assert batch.state is BatchState.ROLLED_BACK and trial.migrated() == {"a"}
    assert_folders_sound(lab, before)
    await asyncio.to_thread(assert_verified, lab)
