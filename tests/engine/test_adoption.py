"""A figure whose file is where it belongs is not asked for again: its row gets it, by way of the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from scidex_console.adapters.http import images
from scidex_console.domain.batches import Batch, BatchState, OperationState
from scidex_console.domain.errors import Halt
from scidex_console.domain.figures import ADOPTED, EXTENSIONS
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.jobs import redownload_figures
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.two_stores import rollback
from scidex_console.engine.two_stores.outer import publish
from scidex_console.engine.writer import Writer
from scidex_console.wiring.verification import verify
from tests.crash.checks import assert_sound
from tests.engine.bench import addresses, bench
from tests.engine.test_survey_alarms import job_of, survey_of
from tests.engine.two_stores.conftest import Trial, lab, trial
from tests.labs import Lab, image_of
from tests.samples import sample

__all__ = ["lab", "trial"]

LOSE_PATH = "UPDATE artifacts SET file_path = NULL WHERE id = %s"
LOSE_ALL = (
    "UPDATE artifacts SET file_path = NULL, metadata = metadata - 'file_sha256' - 'file_size_bytes' "
    "WHERE id = %s"
)


@pytest.fixture
async def stored(lab: Lab, trial: Trial) -> AsyncIterator[list[str]]:
    """Figures that a batch has stored."""
    ids = lab.lost(2)
    await trial.prepared(ids)
    await trial.write()
    assert await publish(trial.stores()) == ""
    yield ids


def _row(lab: Lab, artifact_id: str) -> dict[str, Any]:
    return lab.rows("SELECT file_path, metadata FROM artifacts WHERE id = %s", artifact_id)[0]


def _state(lab: Lab, artifact_id: str) -> str:
    rows = lab.rows("SELECT state FROM scidex_console.figure WHERE artifact_id = %s", artifact_id)
    return str(rows[0]["state"])


def _file(lab: Lab, trial: Trial, artifact_id: str) -> Path:
    return lab.store.artifacts / trial.path_of(artifact_id)


async def _adopt(lab: Lab, trial: Trial) -> Batch:
    await survey_of(lab, trial)
    batch = await trial.write()
    assert await publish(trial.stores()) == ""
    return batch


async def _sound(lab: Lab) -> None:
    assert_sound(lab)
    report = await verify(lab.settings)
    assert report.holds, report.broken


@pytest.mark.parametrize(
    ("statement", "on_disk"),
    sample((LOSE_PATH, True), (LOSE_ALL, False), (LOSE_PATH, False), (LOSE_ALL, True), quick=2),
)
async def test_a_stored_figure_whose_row_lost_it_is_adopted(
    lab: Lab, trial: Trial, stored: list[str], statement: str, on_disk: bool
) -> None:
    lost, before, head = stored[0], _row(lab, stored[0]), lab.git("rev-parse", "HEAD")
    lab.rows(statement, lost)
    if not on_disk:
        _file(lab, trial, lost).unlink()
    batch = await _adopt(lab, trial)
    (operation,) = batch.operations
    assert (operation.artifact_id, operation.state) == (lost, OperationState.DONE)
    assert operation.file is None and operation.reason == ADOPTED
    assert operation.adopted is not None and operation.adopted.path == trial.path_of(lost)
    assert (batch.state, batch.commit) == (BatchState.CLEANED, "")
    assert lab.git("rev-parse", "HEAD") == head, "git got nothing new"
    assert _row(lab, lost) == before
    assert _file(lab, trial, lost).read_bytes() == image_of(lost)
    assert _state(lab, lost) == "stored"
    assert not await survey_of(lab, trial) & set(stored)
    await _sound(lab)


@pytest.mark.sweep
async def test_a_rollback_of_an_adoption_leaves_the_file_and_the_row_as_they_were(
    lab: Lab, trial: Trial, stored: list[str]
) -> None:
    lost = stored[0]
    lab.rows(LOSE_PATH, lost)
    before, head = _row(lab, lost), lab.git("rev-parse", "HEAD")
    batch = await _adopt(lab, trial)
    batch = await rollback.roll_back(trial.stores(), batch, origin=trial.held.mandate.origin())
    assert await publish(trial.stores()) == ""
    assert batch.state is BatchState.ROLLED_BACK and batch.operations[0].reason == ADOPTED
    assert _row(lab, lost) == before and lab.git("rev-parse", "HEAD") == head
    assert _file(lab, trial, lost).read_bytes() == image_of(lost)
    await survey_of(lab, trial)
    assert _state(lab, lost) == "held_back", "until somebody asks for it"
    batch = await rollback.redo(trial.stores(), batch)
    assert await publish(trial.stores()) == ""
    assert batch.state is BatchState.CLEANED and _state(lab, lost) == "stored"
    await _sound(lab)


async def test_a_file_on_disk_with_the_bytes_its_row_expects_is_adopted(lab: Lab, trial: Trial) -> None:
    given = lab.lost(1)[0]
    sha256 = trial.hash_of(given)
    hint = f"""UPDATE artifacts SET metadata = metadata || '{{"file_sha256": "{sha256}"}}' WHERE id = %s"""
    lab.rows(hint, given)
    before = _row(lab, given)
    file = _file(lab, trial, given)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(image_of(given))
    batch = await _adopt(lab, trial)
    after = _row(lab, given)
    assert after["file_path"] == f"{lab.store.submodule}/{trial.path_of(given)}"
    assert after["metadata"]["file_size_bytes"] == len(image_of(given))
    assert lab.git("status", "--porcelain", "--untracked-files=all").startswith("?? "), "left as it was"
    await rollback.roll_back(trial.stores(), batch, origin=trial.held.mandate.origin())
    assert _row(lab, given) == before and file.read_bytes() == image_of(given)


@pytest.mark.parametrize("in_git", sample(True, False))
async def test_a_file_with_other_bytes_is_not_adopted(
    lab: Lab, trial: Trial, stored: list[str], in_git: bool
) -> None:
    lost = stored[0]
    lab.rows(LOSE_PATH, lost)
    file = _file(lab, trial, lost)
    file.write_bytes(b"somebody else's")
    if in_git:
        lab.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "another")
        file.unlink()
    await survey_of(lab, trial)
    assert _state(lab, lost) == "due"


@pytest.mark.sweep
async def test_a_figure_held_back_because_git_had_it_is_adopted(
    lab: Lab, trial: Trial, stored: list[str]
) -> None:
    lost = stored[0]
    lab.rows(LOSE_PATH, lost)
    await trial.prepared([lost])
    skipped = (await trial.write()).operations[0]
    assert skipped.state is OperationState.SKIPPED and _state(lab, lost) == "held_back"
    await _adopt(lab, trial)
    assert _state(lab, lost) == "stored"
    await _sound(lab)


async def test_a_file_gone_between_survey_and_batch_is_asked_for(
    lab: Lab, trial: Trial, stored: list[str]
) -> None:
    lost = stored[0]
    lab.rows(LOSE_PATH, lost)
    await survey_of(lab, trial)
    lab.git("rm", "-q", trial.path_of(lost))
    lab.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "remove")
    batch = await trial.write()
    assert (batch.state, batch.operations[0].state) == (BatchState.EMPTY, OperationState.SKIPPED)
    assert _state(lab, lost) == "due"


async def test_a_row_marked_or_filed_meanwhile_keeps_what_it_got(
    lab: Lab, trial: Trial, stored: list[str]
) -> None:
    mark = """UPDATE artifacts SET metadata = metadata || '{"image_unavailable": true}' WHERE id = %s"""
    for artifact_id in stored:
        lab.rows(LOSE_PATH, artifact_id)
    await survey_of(lab, trial)

    def meanwhile() -> None:
        lab.rows(mark, stored[0])
        lab.rows("UPDATE artifacts SET file_path = 'by/hand.png' WHERE id = %s", stored[1])

    batch = await trial.write(trial.stores("switch", before=meanwhile))
    assert {operation.state for operation in batch.operations} == {OperationState.CONFLICT}
    assert _row(lab, stored[0])["file_path"] is None and _row(lab, stored[1])["file_path"] == "by/hand.png"
    assert all(_file(lab, trial, artifact_id).exists() for artifact_id in stored), "theirs, not ours to take"


@pytest.mark.sweep
async def test_a_vanished_file_comes_back_from_git_and_many_are_an_alarm(
    lab: Lab, trial: Trial, stored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {artifact_id: _row(lab, artifact_id) for artifact_id in stored}
    for artifact_id in stored:
        _file(lab, trial, artifact_id).unlink()
    with monkeypatch.context() as patch:
        patch.setattr(redownload_figures, "MOST_VANISHED", 1)
        with pytest.raises(Halt, match="git has 2 figures that the checkout has not"):
            await survey_of(lab, trial)
    await _adopt(lab, trial)
    assert {artifact_id: _row(lab, artifact_id) for artifact_id in stored} == before
    await _sound(lab)


async def test_a_run_adopts_without_asking_any_host(tmp_path: Path, scidex_database: str) -> None:
    async with bench(tmp_path, scidex_database, addresses(("a.example", 4))) as made, made.engine():
        await made.ask("start")
        assert await made.at_rest() is RunState.DONE
        lost = next(artifact_id for artifact_id, state in made.figures().items() if state == "stored")
        made.lab.rows(LOSE_ALL, lost)
        asked = len(made.asked())
        await made.ask("start")
        assert await made.at_rest() is RunState.DONE
        assert len(made.asked()) == asked and made.figures()[lost] == "stored"
        batch = (await made.readers.read.batches(JobName.FIGURES, limit=1))[0]
        assert (batch.files, batch.marks, batch.adopted) == (0, 0, 1)
        operation = (await made.readers.read.operations(batch.id))[0]
        assert (operation.path, operation.reason) == ("", ADOPTED)


@pytest.mark.sweep
async def test_a_step_of_one_batch_adopts_one_batch(tmp_path: Path, scidex_database: str) -> None:
    async with bench(tmp_path, scidex_database, addresses(("a.example", 24))) as made, made.engine():
        await made.ask("start")
        assert await made.at_rest() is RunState.DONE
        made.lab.rows("UPDATE artifacts SET file_path = NULL WHERE id = ANY(%s)", list(made.figures()))
        known = made.tally()["stored"]
        assert known > 15
        await made.ask("step", count=1, cycle=True)
        assert await made.at_rest() is RunState.PAUSED
        assert made.tally() == {"stored": 5, "staged": known - 5}
        await made.ask("resume")
        assert await made.at_rest() is RunState.DONE
        assert made.tally() == {"stored": known}


@pytest.mark.sweep
async def test_before_a_rest_what_was_fetched_is_written_first(lab: Lab, trial: Trial) -> None:
    kept = lab.lost(7)
    await trial.prepared(kept)
    await trial.write()
    for artifact_id in kept:
        lab.rows(LOSE_PATH, artifact_id)
    await survey_of(lab, trial)
    fetched = lab.lost(1, skip=7)
    await trial.prepared(fetched, resurvey=False)
    writer, job = Writer(trial.stores(), trial.held.figures(), Pulse()), job_of(trial.held, lab)
    await writer.flush(job, None, files=2, marks=2, adoptions=False)
    assert _state(lab, fetched[0]) == "stored"
    assert [_state(lab, artifact_id) for artifact_id in kept].count("staged") == 4
    await writer.flush(job, None, files=2, marks=2)
    assert {_state(lab, artifact_id) for artifact_id in kept} == {"stored"}


def test_every_extension_a_figure_is_stored_under_is_looked_for() -> None:
    kinds = {kind.extension for kind in vars(images).values() if isinstance(kind, images.ImageKind)}
    assert kinds == set(EXTENSIONS)
