"""One path that git refuses does not hold up the others, and nobody else's work is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scidex_console.domain.batches import Batch, OperationState
from scidex_console.domain.figures import operation_for
from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import forward, rollback
from scidex_console.wiring.engine import HeldStore, held_store
from tests.crash.checks import figures_with_file
from tests.labs import Lab, make_lab, prepare_figures


@pytest.fixture
def lab(tmp_path: Path, scidex_database: str) -> Lab:
    return make_lab(tmp_path, scidex_database, figures=12, artifacts=16)


@pytest.fixture
async def held(lab: Lab) -> AsyncIterator[HeldStore]:
    async with held_store(lab.settings, lab.options()) as held:
        yield held


async def _written(held: HeldStore, lab: Lab, stored: list[str]) -> Batch:
    await prepare_figures(held, lab, stored=stored)
    return await _write(held, lab)


async def _write(held: HeldStore, lab: Lab) -> Batch:
    prepared = await held.figures().prepared(files=10, marks=10)
    paths = lab.settings.artifact_paths()
    operations = [operation_for(figure, paths, held.identity.file_path_field) for figure in prepared]
    batch = await forward.apply(held.stores(), JobName.FIGURES, None, operations)
    assert batch is not None
    return batch


def _states(batch: Batch) -> dict[str, OperationState]:
    return {operation.artifact_id: operation.state for operation in batch.operations}


def _path_of(lab: Lab, artifact_id: str) -> str:
    return lab.settings.artifact_paths().figure(artifact_id, "gif")


@pytest.fixture
def pair(lab: Lab) -> tuple[str, str]:
    first, second = lab.lost(2)
    return first, second


async def test_a_path_somebody_has_staged_is_left_to_them(
    lab: Lab, held: HeldStore, pair: tuple[str, str]
) -> None:
    theirs, ours = pair
    blob = lab.git("hash-object", "-w", "--no-filters", ".gitmodules", outer=True).strip()
    lab.git("-C", str(lab.store.artifacts), "hash-object", "-w", str(lab.store.outer / ".gitmodules"))
    lab.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{_path_of(lab, theirs)}")
    batch = await _written(held, lab, [theirs, ours])
    assert _states(batch) == {theirs: OperationState.SKIPPED, ours: OperationState.DONE}
    assert set(figures_with_file(lab)) == {ours}
    assert lab.git("ls-files", "-s", "--", _path_of(lab, theirs)).split()[1] == blob
    assert not (lab.store.artifacts / _path_of(lab, theirs)).exists()


async def test_a_rollback_keeps_a_figure_that_somebody_has_committed_anew(
    lab: Lab, held: HeldStore, pair: tuple[str, str]
) -> None:
    theirs, ours = pair
    batch = await _written(held, lab, [theirs, ours])
    path = _path_of(lab, theirs)
    (lab.store.artifacts / path).unlink()
    (lab.store.artifacts / path).write_bytes(b"a better scan")
    lab.git(
        "-c", "user.name=ada", "-c", "user.email=ada@localhost", "commit", "-qm", "Better scan", "--", path
    )
    batch = await rollback.roll_back(held.stores(), batch, origin=held.mandate.origin())
    assert _states(batch) == {theirs: OperationState.KEPT, ours: OperationState.ROLLED_BACK}
    assert lab.git("show", f"HEAD:{path}") == "a better scan"
    assert set(figures_with_file(lab)) == {theirs}
    assert lab.git("status", "--porcelain") == ""


async def test_a_batch_of_which_every_path_is_refused_is_empty(
    lab: Lab, held: HeldStore, pair: tuple[str, str]
) -> None:
    first, _ = pair
    place = lab.store.artifacts / _path_of(lab, first)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"somebody's own file")
    head = lab.git("rev-parse", "HEAD")
    batch = await _written(held, lab, [first])
    assert batch.state == "empty"
    assert _states(batch) == {first: OperationState.SKIPPED}
    assert place.read_bytes() == b"somebody's own file"
    assert lab.git("rev-parse", "HEAD") == head
    assert lab.rows("SELECT state FROM scidex_console.figure WHERE artifact_id = %s", first) == [
        {"state": "held_back"}
    ]
