"""A file that several rows claim stays at its old place until the last of them has its folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from scidex_console.domain.batches import OperationState
from tests.crash.folder_checks import Before, assert_as_before, assert_folders_sound
from tests.engine.folders.tiny import row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial, states
from tests.labs import Lab
from tests.samples import sample

SHARED = "datasets/shared.csv"
DATA = b"gene,score\nAPP,1\n"


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    rows = [row_of(name, SHARED, content=DATA, artifact_type="dataset") for name in ("a", "b", "c")]
    return await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, {SHARED: DATA}, rows)


async def test_the_old_path_goes_with_the_last_claimant_over_several_cycles(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    for name in ("a", "b", "c"):
        assert (lab.store.artifacts / SHARED).exists()
        batch = await trial.cycle(1)
        assert batch is not None and states(batch) == {name: OperationState.DONE}
        assert_folders_sound(lab, before)
    assert not (lab.store.artifacts / SHARED).exists()


async def test_claimants_of_one_cycle_get_a_copy_each(lab: Lab, before: Before, trial: FolderTrial) -> None:
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "c"}
    assert not (lab.store.artifacts / SHARED).exists()
    assert_folders_sound(lab, before)
    inodes = {
        (lab.store.artifacts / str(trial.row(i)["artifact_id"]) / "shared.csv").stat().st_ino for i in "abc"
    }
    assert len(inodes) == 3, "nobody who edits one in place edits another"


async def test_a_claimant_whose_hash_differs_keeps_the_old_path(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    lab.rows(
        "UPDATE artifacts SET metadata = metadata || '{\"file_sha256\": \"%s\"}' WHERE id = 'b'" % ("0" * 64)
    )
    await trial.cycle()
    assert trial.migrated() == {"a", "c"}
    assert (lab.store.artifacts / SHARED).read_bytes() == DATA
    assert_folders_sound(lab, before)


async def test_a_claimant_whose_lock_is_held_keeps_the_old_path(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    with psycopg.connect(lab.store.database_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('artifact_folder_migration:a'))")
        await trial.cycle()
        assert trial.migrated() == {"b", "c"}
        assert_folders_sound(lab, before)
    lab.rows("UPDATE scidex_console.folder SET due_at = now()")
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "c"}
    assert not (lab.store.artifacts / SHARED).exists()
    assert_folders_sound(lab, before)


@pytest.mark.parametrize("left_out", sample("b", "a", "c"))
async def test_a_claimant_that_is_edited_meanwhile_keeps_the_old_path(
    lab: Lab, before: Before, trial: FolderTrial, left_out: str
) -> None:
    def edit() -> None:
        lab.rows("UPDATE artifacts SET title = 'theirs' WHERE id = %s", left_out)

    await trial.read()
    batch = await trial.write(trial.stores("switch", before=edit))
    assert batch is not None
    assert states(batch)[left_out] is OperationState.CONFLICT
    assert trial.row(left_out)["title"] == "theirs" and trial.words(left_out) == ["skipped"]
    assert (lab.store.artifacts / SHARED).read_bytes() == DATA
    assert_folders_sound(lab, before)
    folders = [lab.store.artifacts / str(trial.row(i)["artifact_id"]) for i in trial.migrated()]
    assert all((f / "shared.csv").stat().st_nlink == 1 for f in folders), "a file of its own each"
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)


@pytest.mark.sweep
async def test_an_earlier_batch_is_taken_back_after_a_later_one_left_the_path(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    batches = [await trial.cycle(1) for _ in range(3)]
    for batch in batches:
        assert batch is not None
        back = await trial.roll_back(batch)
        assert set(states(back).values()) == {OperationState.ROLLED_BACK}
        assert_folders_sound(lab, before)
    assert_as_before(lab, before)


@pytest.mark.parametrize(
    "order",
    [(1, 2, 0), *(pytest.param(order, marks=pytest.mark.sweep) for order in ((0, 1, 2), (2, 1, 0)))],
)
@pytest.mark.sweep
async def test_redone_in_any_order_the_path_goes_with_the_last(
    lab: Lab, before: Before, trial: FolderTrial, order: tuple[int, int, int]
) -> None:
    batches = [await trial.cycle(1) for _ in range(3)]
    for place in reversed(range(3)):
        batch = batches[place]
        assert batch is not None
        batches[place] = await trial.roll_back(batch)
    for place in order:
        assert (lab.store.artifacts / SHARED).exists()
        batch = batches[place]
        assert batch is not None
        await trial.redo(batch)
        assert_folders_sound(lab, before)
    assert trial.migrated() == {"a", "b", "c"}
    assert not (lab.store.artifacts / SHARED).exists(), "nobody claims it any more"


@pytest.mark.sweep
async def test_taken_back_and_tried_again_the_path_still_goes_with_the_last(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    first = await trial.cycle(2)
    assert first is not None
    await trial.roll_back(first)
    await trial.cycle()
    assert trial.migrated() == {"c"}
    assert_folders_sound(lab, before)
    lab.rows("UPDATE scidex_console.folder SET state = 'due', due_at = now()")
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "c"}
    assert not (lab.store.artifacts / SHARED).exists()
    assert_folders_sound(lab, before)
