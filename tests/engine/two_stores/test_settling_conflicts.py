"""What a batch left behind of conflicting and left-out figures is settled; what is somebody else's stays."""

from __future__ import annotations

import hashlib

import pytest

from scidex_console.domain.batches import Batch, OperationState
from scidex_console.domain.errors import Unreachable
from scidex_console.engine.two_stores import recovery, rollback
from scidex_console.engine.two_stores.outer import publish
from tests.crash.checks import assert_sound, figures_with_file
from tests.engine.two_stores.conftest import Trial
from tests.labs import Lab, image_of

EDIT = 'UPDATE artifacts SET metadata = metadata || \'{"image_url": "%s"}\' WHERE id = %%s'
ADA = ("-c", "user.name=ada", "-c", "user.email=ada@localhost")


def _states(batch: Batch) -> dict[str, OperationState]:
    return {operation.artifact_id: operation.state for operation in batch.operations}


def _lose_the_reply() -> None:
    raise Unreachable("server closed the connection unexpectedly", where="database")


def _address(lab: Lab, artifact_id: str, url: str) -> None:
    lab.rows(EDIT % url, artifact_id)


async def test_a_conflicting_figure_that_somebody_commits_anew_is_theirs_and_holds_nothing_up(
    lab: Lab, trial: Trial
) -> None:
    theirs, ours = lab.lost(2)
    path = trial.path_of(theirs)

    def edit_row_and_file() -> None:
        _address(lab, theirs, "https://example.org/1")
        (lab.store.artifacts / path).unlink()
        (lab.store.artifacts / path).write_bytes(b"a better scan")
        lab.git(*ADA, "commit", "-qm", "Better scan", "--", path)

    await trial.prepared([theirs, ours])
    batch = await trial.write(trial.stores("switch", before=edit_row_and_file))
    assert _states(batch) == {theirs: OperationState.CONFLICT, ours: OperationState.DONE}
    assert batch.state == "cleaned"
    assert lab.git("show", f"HEAD:{path}") == "a better scan"
    assert (lab.store.artifacts / path).read_bytes() == b"a better scan"
    assert set(figures_with_file(lab)) == {ours}
    assert lab.git("status", "--porcelain") == ""


async def test_a_conflicting_figure_that_somebody_has_removed_needs_no_commit(lab: Lab, trial: Trial) -> None:
    theirs, ours = lab.lost(2)
    path = trial.path_of(theirs)

    def edit_row_and_remove_file() -> None:
        _address(lab, theirs, "https://example.org/1")
        lab.git("rm", "-q", "--", path)
        lab.git(*ADA, "commit", "-qm", "Not this one")

    await trial.prepared([theirs, ours])
    batch = await trial.write(trial.stores("switch", before=edit_row_and_remove_file))
    assert _states(batch) == {theirs: OperationState.CONFLICT, ours: OperationState.DONE}
    assert lab.git("log", "-1", "--format=%s") == "Not this one\n"
    assert await publish(trial.stores()) == ""
    assert_sound(lab)


@pytest.mark.sweep
async def test_a_redo_that_is_recovered_leaves_alone_what_another_batch_has_stored_since(
    lab: Lab, trial: Trial
) -> None:
    retried, ours = lab.lost(2)
    (row,) = lab.rows("SELECT metadata->>'image_url' AS url FROM artifacts WHERE id = %s", retried)
    await trial.prepared([retried, ours])
    first = await trial.write(
        trial.stores("switch", before=lambda: _address(lab, retried, "https://example.org/1"))
    )
    assert _states(first)[retried] is OperationState.CONFLICT
    first = await rollback.roll_back(trial.stores(), first, origin=trial.held.mandate.origin())
    _address(lab, retried, row["url"])
    await trial.held.figures().make_due([retried])
    await trial.prepared([retried], resurvey=False)
    second = await trial.write()
    assert _states(second) == {retried: OperationState.DONE}
    with pytest.raises(Unreachable):
        await rollback.redo(trial.stores("switch", after=_lose_the_reply), first)
    await recovery.recover(trial.stores())
    assert await publish(trial.stores()) == ""
    assert set(figures_with_file(lab)) == {retried, ours}
    assert_sound(lab)


async def test_a_rollback_does_not_bring_back_what_somebody_has_removed(lab: Lab, trial: Trial) -> None:
    theirs, ours = lab.lost(2)
    await trial.prepared([theirs, ours])
    batch = await trial.write()
    path = trial.path_of(theirs)
    lab.git("rm", "-q", "--", path)
    lab.git(*ADA, "commit", "-qm", "Not this one")
    lab.rows("UPDATE artifacts SET file_path = NULL WHERE id = %s", theirs)
    batch = await rollback.roll_back(trial.stores(), batch, origin=trial.held.mandate.origin())
    assert _states(batch) == {theirs: OperationState.KEPT, ours: OperationState.ROLLED_BACK}
    assert path not in lab.git("ls-files")
    assert lab.git("status", "--porcelain") == ""


async def test_a_file_of_somebody_else_stays_when_a_batch_that_left_it_alone_is_recovered(
    lab: Lab, trial: Trial
) -> None:
    theirs, ours = lab.lost(2)
    place = lab.store.artifacts / trial.path_of(theirs)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(image_of(theirs))
    await trial.prepared([theirs, ours])
    with pytest.raises(Unreachable):
        await trial.write(trial.stores("skip", after=_lose_the_reply))
    await recovery.recover(trial.stores())
    assert set(figures_with_file(lab)) == {ours}
    assert hashlib.sha256(place.read_bytes()).hexdigest() == trial.hash_of(theirs)


async def test_a_redo_leaves_alone_what_another_batch_has_stored_since(lab: Lab, trial: Trial) -> None:
    retried, ours = lab.lost(2)
    await trial.prepared([retried, ours])
    first = await trial.write()
    first = await rollback.roll_back(trial.stores(), first, origin=trial.held.mandate.origin())
    await trial.held.figures().make_due([retried])
    await trial.prepared([retried], resurvey=False)
    second = await trial.write()
    assert _states(second) == {retried: OperationState.DONE}
    first = await rollback.redo(trial.stores(), first)
    assert _states(first) == {retried: OperationState.CONFLICT, ours: OperationState.DONE}
    assert await publish(trial.stores()) == ""
    assert set(figures_with_file(lab)) == {retried, ours}
    assert_sound(lab)
