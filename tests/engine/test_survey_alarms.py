"""The survey never takes a figure for lost that is only elsewhere, or only not checked out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from scidex_console.domain.errors import ConsoleError, Halt, RepositoryError
from scidex_console.engine.jobs.redownload_figures import RedownloadFigures
from scidex_console.wiring.held_store import HeldStore
from scidex_console.wiring.jobs import redownload_figures
from tests.engine.two_stores.conftest import Trial, lab, trial
from tests.labs import Lab

__all__ = ["lab", "trial"]


class _Hosts:
    """Source and gate as the survey needs them."""

    def group_of(self, url: str) -> str:
        return "lab"


def job_of(held: HeldStore, lab: Lab) -> RedownloadFigures:
    """The figure job over a held store, which asks nobody."""
    hosts: Any = _Hosts()
    return redownload_figures(lab.settings, lab.options(), held, hosts, hosts)


@pytest.fixture
async def stored(lab: Lab, trial: Trial) -> AsyncIterator[list[str]]:
    """Figures that a batch has stored."""
    ids = lab.lost(2)
    await trial.prepared(ids)
    await trial.write()
    yield ids


def _gap(lab: Lab) -> set[str]:
    rows = lab.rows("SELECT artifact_id FROM scidex_console.figure WHERE state NOT IN ('stored', 'dead')")
    return {row["artifact_id"] for row in rows}


async def survey_of(lab: Lab, trial: Trial) -> set[str]:
    """Survey the store; the figures that lack their file."""
    await job_of(trial.held, lab).survey(trial.held.mandate.epoch)
    return _gap(lab)


@pytest.mark.parametrize("place", ["outer", "absolute", "artifact repository"])
async def test_a_row_whose_file_is_elsewhere_has_its_file(lab: Lab, trial: Trial, place: str) -> None:
    artifact_id = lab.lost(1)[0]
    inside = "site/figures/papers/x.png"
    root = lab.store.artifacts if place == "artifact repository" else lab.store.outer
    file = root / inside
    file.parent.mkdir(parents=True)
    file.write_bytes(b"here all along")
    recorded = str(file) if place == "absolute" else inside
    lab.rows("UPDATE artifacts SET file_path = %s WHERE id = %s", recorded, artifact_id)
    assert artifact_id not in await survey_of(lab, trial)
    file.unlink()
    assert artifact_id in await survey_of(lab, trial)


async def test_a_stored_figure_whose_place_is_taken_is_an_alarm(
    lab: Lab, trial: Trial, stored: list[str]
) -> None:
    file = lab.store.artifacts / trial.path_of(stored[0])
    file.unlink()
    file.symlink_to("elsewhere.gif")
    with pytest.raises(Halt, match=r"git has 1 figures that the checkout has not"):
        await survey_of(lab, trial)
    file.unlink()
    lab.git("checkout", "--", trial.path_of(stored[0]))
    assert not set(stored) & await survey_of(lab, trial)


async def test_a_symlinked_figures_folder_is_an_alarm(
    lab: Lab, trial: Trial, stored: list[str], tmp_path: Path
) -> None:
    figures = lab.store.artifacts / lab.settings.figures.folder
    figures.rename(tmp_path / "moved")
    figures.symlink_to(tmp_path / "moved")
    with pytest.raises(ConsoleError, match="git has"):
        await survey_of(lab, trial)
    assert not set(stored) & _gap(lab)


async def test_a_submodule_moved_back_is_an_alarm(lab: Lab, trial: Trial, stored: list[str]) -> None:
    lab.git("checkout", "-q", "--detach", "HEAD~1")
    with pytest.raises(RepositoryError, match="detached"):
        await survey_of(lab, trial)
    assert not set(stored) & _gap(lab)


async def test_rows_deleted_by_others_leave_the_gap(lab: Lab, trial: Trial) -> None:
    gone, staged, kept = lab.lost(3)
    await trial.prepared([staged])
    lab.rows("DELETE FROM artifacts WHERE id IN (%s, %s)", gone, staged)
    await trial.held.figures().forget_deleted()
    assert not {gone, staged} & _gap(lab) and kept in _gap(lab)


async def test_a_row_with_an_empty_id_is_surveyed_too(lab: Lab, trial: Trial) -> None:
    lab.rows("INSERT INTO artifacts (id, artifact_type, metadata) VALUES ('', 'paper_figure', '{}')")
    assert "" in await survey_of(lab, trial)
