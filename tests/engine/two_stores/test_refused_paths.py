"""One path that git refuses does not hold up the others, and nobody else's work is lost."""

from __future__ import annotations

import pytest

from scidex_console.domain.batches import Batch, OperationState
from scidex_console.engine.two_stores import rollback
from tests.crash.checks import figures_with_file
from tests.engine.two_stores.conftest import Trial
from tests.labs import Lab


def _states(batch: Batch) -> dict[str, OperationState]:
    return {operation.artifact_id: operation.state for operation in batch.operations}


@pytest.fixture
def pair(lab: Lab) -> tuple[str, str]:
    first, second = lab.lost(2)
    return first, second


async def test_a_path_somebody_has_staged_is_left_to_them(
    lab: Lab, trial: Trial, pair: tuple[str, str]
) -> None:
    theirs, ours = pair
    blob = lab.git("hash-object", "-w", "--no-filters", ".gitmodules", outer=True).strip()
    lab.git("-C", str(lab.store.artifacts), "hash-object", "-w", str(lab.store.outer / ".gitmodules"))
    lab.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{trial.path_of(theirs)}")
    await trial.prepared([theirs, ours])
    batch = await trial.write()
    assert _states(batch) == {theirs: OperationState.SKIPPED, ours: OperationState.DONE}
    assert set(figures_with_file(lab)) == {ours}
    assert lab.git("ls-files", "-s", "--", trial.path_of(theirs)).split()[1] == blob
    assert not (lab.store.artifacts / trial.path_of(theirs)).exists()


@pytest.mark.sweep
async def test_a_rollback_keeps_a_figure_that_somebody_has_committed_anew(
    lab: Lab, trial: Trial, pair: tuple[str, str]
) -> None:
    theirs, ours = pair
    await trial.prepared([theirs, ours])
    batch = await trial.write()
    path = trial.path_of(theirs)
    (lab.store.artifacts / path).unlink()
    (lab.store.artifacts / path).write_bytes(b"a better scan")
    lab.git(
        "-c", "user.name=ada", "-c", "user.email=ada@localhost", "commit", "-qm", "Better scan", "--", path
    )
    batch = await rollback.roll_back(trial.stores(), batch, origin=trial.held.mandate.origin())
    assert _states(batch) == {theirs: OperationState.KEPT, ours: OperationState.ROLLED_BACK}
    assert lab.git("show", f"HEAD:{path}") == "a better scan"
    assert set(figures_with_file(lab)) == {theirs}
    assert lab.git("status", "--porcelain") == ""


async def test_a_batch_of_which_every_path_is_refused_is_empty(
    lab: Lab, trial: Trial, pair: tuple[str, str]
) -> None:
    first, _ = pair
    place = lab.store.artifacts / trial.path_of(first)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"somebody's own file")
    head = lab.git("rev-parse", "HEAD")
    await trial.prepared([first])
    batch = await trial.write()
    assert batch.state == "empty"
    assert _states(batch) == {first: OperationState.SKIPPED}
    assert place.read_bytes() == b"somebody's own file"
    assert lab.git("rev-parse", "HEAD") == head
    assert lab.rows("SELECT state FROM scidex_console.figure WHERE artifact_id = %s", first) == [
        {"state": "held_back"}
    ]
