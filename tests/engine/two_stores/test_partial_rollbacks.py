"""A rollback that had to keep something is a state of its own: it says what stays, and is resumed later."""

from __future__ import annotations

import psycopg
import pytest

from scidex_console.domain.batches import Batch, BatchState, OperationState
from scidex_console.engine.two_stores import rollback
from scidex_console.engine.two_stores.outer import publish
from scidex_console.engine.two_stores.stores import Stores
from scidex_console.wiring import verify
from tests.crash.checks import assert_sound, figures_with_file
from tests.engine.two_stores.conftest import Trial
from tests.labs import Lab

EDIT = """UPDATE artifacts SET metadata = metadata || '{"file_size_bytes": 1}' WHERE id = %s"""


async def _back(trial: Trial, batch: Batch, stores: Stores | None = None) -> Batch:
    batch = await rollback.roll_back(stores or trial.stores(), batch, origin=trial.held.mandate.origin())
    assert await publish(trial.stores()) == ""
    return batch


async def _again(trial: Trial, batch: Batch) -> Batch:
    batch = await rollback.redo(trial.stores(), batch)
    assert await publish(trial.stores()) == ""
    return batch


def _state_of(batch: Batch, artifact_id: str) -> OperationState:
    return next(o.state for o in batch.operations if o.artifact_id == artifact_id)


def _mend(lab: Lab, trial: Trial, artifact_id: str) -> None:
    size = (lab.store.artifacts / trial.path_of(artifact_id)).stat().st_size
    lab.rows(EDIT.replace("1}", f"{size}}}"), artifact_id)


async def _verified(lab: Lab) -> None:
    report = await verify(lab.settings)
    assert report.holds, [i.broken for i in report.invariants if i.broken]


def _undone(lab: Lab) -> list[str]:
    rows = lab.rows(
        "SELECT op FROM scidex_console.commit_record WHERE kind = 'undo' ORDER BY recorded_at, op"
    )
    return [str(row["op"]) for row in rows]


@pytest.mark.sweep
async def test_a_row_that_was_only_locked_is_taken_back_when_the_rollback_is_resumed(
    lab: Lab, trial: Trial
) -> None:
    locked, ours = lab.lost(2)
    await trial.prepared([locked, ours])
    batch = await trial.write()
    with psycopg.connect(lab.store.database_url) as other:
        other.execute("SELECT 1 FROM artifacts WHERE id = %s FOR UPDATE", [locked])
        batch = await _back(trial, batch)
        other.rollback()
    assert batch.state is BatchState.PARTLY_ROLLED_BACK
    assert _state_of(batch, locked) is OperationState.KEPT
    assert set(figures_with_file(lab)) == {locked}
    assert_sound(lab)
    await _verified(lab)
    batch = await _back(trial, batch)
    assert batch.state is BatchState.ROLLED_BACK and figures_with_file(lab) == {}
    assert _undone(lab) == [f"{batch.op}/undo", f"{batch.op}/undo/2"]
    assert_sound(lab)
    await _verified(lab)


@pytest.mark.sweep
async def test_what_is_still_in_the_way_stays_and_a_redo_brings_on_only_what_was_taken_back(
    lab: Lab, trial: Trial
) -> None:
    theirs, first, second = lab.lost(3)
    await trial.prepared([theirs, first], dead=[second])
    batch = await trial.write()
    lab.rows(EDIT, theirs)
    batch = await _back(trial, batch)
    batch = await _back(trial, batch)
    assert batch.state is BatchState.PARTLY_ROLLED_BACK
    assert _undone(lab) == [f"{batch.op}/undo"], "there was nothing to commit the second time"
    (kept,) = [o for o in batch.operations if o.state is OperationState.KEPT]
    assert (kept.artifact_id, kept.reason) == (theirs, "the row has changed since")
    batch = await _again(trial, batch)
    assert batch.state is BatchState.CLEANED and set(figures_with_file(lab)) == {theirs, first}
    assert (kept.pass_no, _state_of(batch, theirs)) == (1, OperationState.KEPT)
    # What the first pass brought, the rollback of the second takes back as well.
    _mend(lab, trial, theirs)
    await _verified(lab)
    batch = await _back(trial, batch)
    assert batch.state is BatchState.ROLLED_BACK and figures_with_file(lab) == {}
    assert_sound(lab)
    await _verified(lab)


async def test_a_rollback_that_could_take_nothing_back_leaves_the_batch_done_and_is_tried_again(
    lab: Lab, trial: Trial
) -> None:
    (theirs,) = lab.lost(1)
    await trial.prepared([theirs])
    batch = await trial.write()
    lab.rows(EDIT, theirs)
    batch = await _back(trial, batch)
    assert batch.state is BatchState.CLEANED and _state_of(batch, theirs) is OperationState.KEPT
    _mend(lab, trial, theirs)
    await _verified(lab)
    batch = await _back(trial, batch)
    assert batch.state is BatchState.ROLLED_BACK and batch.undo_op.endswith("/undo/2")
    await _verified(lab)


@pytest.mark.sweep
async def test_what_was_taken_back_before_and_stored_anew_since_is_left_to_its_own_batch(
    lab: Lab, trial: Trial
) -> None:
    theirs, stored_anew = lab.lost(2)
    await trial.prepared([theirs, stored_anew])
    batch = await trial.write()
    lab.rows(EDIT, theirs)
    batch = await _back(trial, batch)
    assert await trial.held.figures().make_due([stored_anew]) == [stored_anew]
    await trial.prepared([stored_anew], resurvey=False)
    later = await trial.write()
    assert await publish(trial.stores()) == ""
    assert later.id != batch.id and later.state is BatchState.CLEANED
    _mend(lab, trial, theirs)
    batch = await _back(trial, batch)
    assert batch.state is BatchState.ROLLED_BACK
    assert set(figures_with_file(lab)) == {stored_anew}, "the same bytes at the same path, of a later batch"
    assert (lab.store.artifacts / trial.path_of(stored_anew)).exists()
    assert_sound(lab)
    await _verified(lab)


@pytest.mark.sweep
async def test_a_row_changed_under_each_of_two_rollbacks_gets_its_file_back_both_times(
    lab: Lab, trial: Trial
) -> None:
    theirs, ours = lab.lost(2)
    await trial.prepared([theirs, ours])
    batch = await trial.write()

    def edit() -> None:
        lab.rows(EDIT, theirs)

    for _ in range(2):
        stores = trial.stores("restore", before=edit)
        batch = await _back(trial, batch, stores)
        assert batch.state is BatchState.PARTLY_ROLLED_BACK
        assert (lab.store.artifacts / trial.path_of(theirs)).exists()
        _mend(lab, trial, theirs)
        assert_sound(lab)
        await _verified(lab)
    batch = await _back(trial, batch)
    assert batch.state is BatchState.ROLLED_BACK and figures_with_file(lab) == {}
    await _verified(lab)
