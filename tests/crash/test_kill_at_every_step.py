"""kill -9 at every numbered place of a batch, a rollback, a resumed one and a redo, and again in recovery."""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path

import pytest

from scidex_console.engine.jobs.redownload_figures import RedownloadFigures
from scidex_console.engine.ports import SurveyedFigure
from scidex_console.engine.writer import Writer
from scidex_console.wiring.held_store import HeldStore
from tests.crash.checks import assert_sound, figures_with_file
from tests.crash.forked import Work, run_in_child, storm
from tests.labs import Lab, image_of, make_lab, prepare_figures
from tests.samples import sample


class _Prepared:
    """The figure job as the writer needs it: what is prepared already."""

    def __init__(self, held: HeldStore, lab: Lab) -> None:
        self.name = RedownloadFigures.name
        self._held = held
        self._lab = lab

    async def effects(self, *, files: int, marks: int) -> object:
        from scidex_console.domain.figures import operation_for

        prepared = await self._held.figures().prepared(files=files, marks=marks)
        paths = self._lab.settings.artifact_paths()
        return [operation_for(figure, paths, self._held.identity.file_path_field) for figure in prepared]


def _prepare(lab: Lab, stored: list[str], dead: list[str]) -> Work:
    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        await prepare_figures(held, lab, stored=stored, dead=dead)

    return work


def _write(lab: Lab) -> Work:
    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        await writer.write_batch(_Prepared(held, lab), None, files=100, marks=100)  # type: ignore[arg-type]
        await writer.publish()

    return work


def _take_back(lab: Lab, *, only: int | None = None) -> Work:
    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        journal = held.journal()
        batch = await journal.last(RedownloadFigures.name)
        if batch is not None and only in (None, batch.id):
            await writer.roll_back(batch, origin=held.mandate.origin())
        await writer.publish()

    return work


def _bring_on(lab: Lab) -> Work:
    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        newest = lab.rows("SELECT max(id) AS id FROM scidex_console.batch")[0]["id"]
        batch = await held.journal().load(newest)
        if batch is not None and batch.state == "rolled_back":
            await writer.redo(batch)
        await writer.publish()

    return work


def _resume(lab: Lab) -> Work:
    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        newest = lab.rows("SELECT max(id) AS id FROM scidex_console.batch")[0]["id"]
        batch = await held.journal().load(newest)
        if batch is not None and batch.state == "partly_rolled_back":
            await writer.roll_back(batch, origin=held.mandate.origin())
        await writer.publish()

    return work


def _partly_taken_back(lab: Lab, theirs: str) -> None:
    """A rollback that keeps one row, which somebody has edited, and mends only afterwards."""
    (before,) = lab.rows("SELECT metadata->>'file_sha256' AS sha256 FROM artifacts WHERE id = %s", theirs)
    edit = (
        "UPDATE artifacts SET metadata = jsonb_set(metadata, '{file_sha256}', to_jsonb(%s::text))"
        " WHERE id = %s"
    )
    lab.rows(edit, "by hand", theirs)
    assert run_in_child(lab, _take_back(lab)) == 0
    lab.rows(edit, before["sha256"], theirs)
    (newest,) = lab.rows("SELECT state FROM scidex_console.batch ORDER BY id DESC LIMIT 1")
    assert newest["state"] == "partly_rolled_back"
    assert_sound(lab)


@pytest.fixture
def lab(tmp_path: Path, scidex_database: str) -> Lab:
    return make_lab(tmp_path, scidex_database, figures=40, artifacts=50)


def _round(lab: Lab, number: int, kill_at: int, phase: str) -> bool:
    """One batch of two files and one mark, with a storm at the chosen phase; True when it hit."""
    stored, dead = lab.lost(2, skip=3 * number), lab.lost(1, skip=3 * number + 2)
    assert run_in_child(lab, _prepare(lab, stored, dead)) == 0
    hit = False
    run = partial(storm, lab)
    if phase == "forward":
        hit = run(_write(lab), kill_at)
    else:
        assert run_in_child(lab, _write(lab)) == 0
    assert set(stored) <= set(figures_with_file(lab))
    if phase == "back":
        hit = run(_take_back(lab), kill_at)
        assert not set(stored) & set(figures_with_file(lab))
    elif phase == "rest":
        _partly_taken_back(lab, stored[0])
        assert set(stored) & set(figures_with_file(lab)) == {stored[0]}
        hit = run(_resume(lab), kill_at)
        assert not set(stored) & set(figures_with_file(lab))
    elif phase == "again":
        assert run_in_child(lab, _take_back(lab)) == 0
        hit = run(_bring_on(lab), kill_at)
        assert set(stored) <= set(figures_with_file(lab))
    assert_sound(lab)
    return hit


PHASES = ("forward", "back", "rest", "again")


@pytest.mark.parametrize(
    ("phase", "places"), sample(*zip(PHASES, [(3, 14, 25), (9, 19), (14, 25), (3, 19)], strict=True))
)
def test_a_batch_killed_at_a_step_is_whole_after_restart(
    lab: Lab, phase: str, places: tuple[int, ...]
) -> None:
    assert all(_round(lab, number, kill_at, phase) for number, kill_at in enumerate(places))


def _adopt(lab: Lab, artifact_id: str) -> Work:
    """A row that lost its path, whose file is in git alone, on its way to a batch that adopts it."""

    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        data = image_of(artifact_id)
        found = SurveyedFigure(
            artifact_id,
            lab.store.lost[artifact_id],
            "lab",
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            extension="gif",
        )
        await held.figures().record_survey([found], [], total=40, epoch=held.mandate.epoch)
        await writer.write_batch(_Prepared(held, lab), None, files=100, marks=100)  # type: ignore[arg-type]
        await writer.publish()

    return work


@pytest.mark.parametrize(
    ("phase", "kill_at"),
    sample(("forward", 9), ("back", 3), ("forward", 5), ("forward", 13)),
)
def test_an_adoption_killed_at_a_step_is_whole_after_restart(lab: Lab, phase: str, kill_at: int) -> None:
    assert _round(lab, 0, 0, "none") is False
    lost = lab.lost(1)[0]
    paths = lab.settings.artifact_paths()
    file = lab.store.artifacts / paths.figure(lost, "gif")
    head = lab.git("rev-parse", "HEAD")
    lab.rows("UPDATE artifacts SET file_path = NULL WHERE id = %s", lost)
    file.unlink()
    if phase == "forward":
        assert storm(lab, _adopt(lab, lost), kill_at)
    else:
        assert run_in_child(lab, _adopt(lab, lost)) == 0
        newest = lab.rows("SELECT max(id) AS id FROM scidex_console.batch")[0]["id"]
        assert storm(lab, _take_back(lab, only=newest), kill_at)
    assert lab.git("rev-parse", "HEAD") == head and file.read_bytes() == image_of(lost)
    (row,) = lab.rows("SELECT file_path FROM artifacts WHERE id = %s", lost)
    if phase == "back":
        assert row["file_path"] is None
        lab.rows(
            "UPDATE artifacts SET file_path = %s WHERE id = %s",
            paths.recorded(paths.figure(lost, "gif")),
            lost,
        )
    assert_sound(lab)


STRIDE = int(os.environ.get("SCIDEX_FIGURE_KILL_STRIDE", "2"))
"""Of the numbered places the sweep takes one in so many; with 1 it takes every one."""


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("phase", PHASES)
def test_a_batch_killed_step_by_step_is_whole_after_restart(
    tmp_path: Path, scidex_database: str, phase: str
) -> None:
    lab = make_lab(tmp_path, scidex_database, figures=400, artifacts=420)
    kill_at = 1 - STRIDE
    hit = True
    while hit:
        kill_at += STRIDE
        hit = _round(lab, kill_at, kill_at, phase)
    assert kill_at > 30
