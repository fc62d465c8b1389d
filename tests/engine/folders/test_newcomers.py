"""A row that comes to name a file while a cycle is under way keeps the old path, until that has gone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest

from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import forward, recovery
from scidex_console.engine.two_stores.outer import publish
from tests.crash.folder_checks import Before, assert_as_before, assert_folders_sound, assert_verified, look
from tests.engine.folders.tiny import SUBMODULE, Row, insert_rows, row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial
from tests.labs import Lab
from tests.samples import sample

SHARED = "datasets/shared.csv"
DATA = b"gene,score\nAPP,1\n"
FILES = {SHARED: DATA, "datasets/other.csv": b"other\n"}


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    """`a` has the file; `b` was made from it, and says so in words."""
    rows = [
        row_of("a", SHARED, content=DATA, artifact_type="dataset"),
        row_of(
            "b", "datasets/other.csv", artifact_type="dataset", metadata={"note": SHARED, "made_from": SHARED}
        ),
    ]
    return await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, FILES, rows, links=[("b", "a")])


FORMS: dict[str, dict[str, Any]] = {
    "in its own key": {"metadata": {"dataset_path": f"{SUBMODULE}/{SHARED}"}},
    "as its path": {"file_path": SHARED},
    "in a list": {"metadata": {"figure_path": ["x.png", f"{SUBMODULE}/{SHARED}"]}},
    "as an accessory": {"metadata": {"html_path": SHARED}},
    "in its history": {"provenance_chain": [{"step": 1}, {"path": SHARED}]},
    "by its folder": {"file_path": "datasets/"},
    "in another checkout": {"file_path": f"/home/other/{SUBMODULE}/{SHARED}"},
}


def come(lab: Lab, **said: Any) -> None:
    """A row appears that names the file; it is the oldest."""
    with psycopg.connect(lab.store.database_url, autocommit=True) as connection:
        insert_newcomer(connection, **(said or FORMS["in its own key"]))


def insert_newcomer(connection: psycopg.Connection[Any], **said: Any) -> None:
    insert_rows(connection, [Row("new", "dataset", **said)])
    connection.execute("UPDATE artifacts SET created_at = '2020-01-01Z' WHERE id = 'new'")


async def assert_it_stays_until_the_newcomer_has_its_folder(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    path = lab.store.artifacts / SHARED
    assert path.read_bytes() == DATA and lab.git("ls-files", SHARED).strip() == SHARED
    here = lab.store.outer / trial.row("a")["artifact_dir"] / "shared.csv"
    assert here.read_bytes() == DATA and not here.samefile(path)
    assert lab.git("status", "--porcelain") == ""
    assert_folders_sound(lab, before)
    await asyncio.to_thread(assert_verified, lab)
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "new"} and trial.row("new")["primary_filename"] == "shared.csv"
    assert not path.exists(), "nobody claims it any more"
    assert_folders_sound(lab, before)
    await asyncio.to_thread(assert_verified, lab)


async def test_a_row_added_since_the_survey_keeps_the_path(lab: Lab, trial: FolderTrial) -> None:
    before = look(lab)
    await trial.read(1)
    come(lab)
    await trial.write()
    assert lab.git("log", "--oneline").count("leave") == 0, "it was seen before the path was to go"
    await assert_it_stays_until_the_newcomer_has_its_folder(lab, before, trial)


@pytest.mark.sweep
async def test_a_row_added_since_the_survey_keeps_the_path_that_only_its_slug_leads_to(
    lab: Lab, trial: FolderTrial
) -> None:
    before = look(lab)
    await trial.read(1)
    come(lab, metadata={"slug": "shared"})
    await trial.write()
    await assert_it_stays_until_the_newcomer_has_its_folder(lab, before, trial)


@pytest.mark.sweep
async def test_a_row_edited_since_the_survey_keeps_the_path_and_gives_up_what_it_named(
    lab: Lab, trial: FolderTrial
) -> None:
    come(lab, metadata={"dataset_path": "datasets/other.csv"})
    await trial.read(2)
    said = f"{SUBMODULE}/{SHARED}"
    lab.rows(
        "UPDATE artifacts SET metadata = jsonb_build_object('dataset_path', %s::text) WHERE id = 'new'", said
    )
    before = look(lab)
    await trial.write()
    assert trial.migrated() == {"a", "b"}
    assert not (lab.store.artifacts / "datasets/other.csv").exists(), "only `b` claims it by now"
    await assert_it_stays_until_the_newcomer_has_its_folder(lab, before, trial)


@pytest.mark.parametrize("form", sample(*FORMS))
async def test_a_row_added_between_journal_and_switch_keeps_the_path(
    lab: Lab, trial: FolderTrial, form: str
) -> None:
    before = look(lab)
    await trial.read(1)
    await trial.write(trial.stores("prepare", after=lambda: come(lab, **FORMS[form])))
    assert (lab.store.artifacts / SHARED).read_bytes() == DATA
    assert lab.git("ls-files", SHARED).strip() == SHARED and lab.git("status", "--porcelain") == ""
    assert lab.git("log", "--oneline").count("leave 1 old paths") == 1
    assert_folders_sound(lab, before)
    await asyncio.to_thread(assert_verified, lab)


@pytest.mark.sweep
async def test_a_row_added_a_moment_before_the_path_would_go_keeps_it(lab: Lab, trial: FolderTrial) -> None:
    before = look(lab)
    await trial.read(1)
    await trial.write(trial.stores("switch", after=lambda: come(lab)))
    await assert_it_stays_until_the_newcomer_has_its_folder(lab, before, trial)


@pytest.mark.sweep
async def test_a_row_that_was_under_way_during_the_survey_keeps_the_path(
    lab: Lab, trial: FolderTrial
) -> None:
    before = look(lab)
    with psycopg.connect(lab.store.database_url) as other:
        insert_newcomer(other, **FORMS["in its own key"])
        await trial.read(1)
        lab.rows("UPDATE artifacts SET title = title WHERE id = 'b'")
        await trial.job.survey(0)
    await trial.write()
    await assert_it_stays_until_the_newcomer_has_its_folder(lab, before, trial)


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.sweep
async def test_an_engine_that_died_before_the_path_went_leaves_it_to_the_newcomer(
    lab: Lab, trial: FolderTrial, gone: bool
) -> None:
    before = look(lab)
    await trial.read(1)
    operations = await trial.job.effects(files=10, marks=0)
    await forward.apply(trial.stores(), JobName.FOLDERS, None, operations)
    if gone:  # it died as it took the path away
        (lab.store.artifacts / SHARED).unlink()
    come(lab)
    for _ in range(2):
        await recovery.recover(trial.stores())
        assert await publish(trial.stores()) == ""
    await assert_it_stays_until_the_newcomer_has_its_folder(lab, before, trial)


class Died(Exception):
    """The engine is gone."""


@pytest.mark.sweep
async def test_an_engine_that_died_as_it_gave_the_path_back_has_given_it_back_once(
    lab: Lab, trial: FolderTrial
) -> None:
    before, recorded = look(lab), 0

    def die() -> None:
        nonlocal recorded
        recorded += 1
        if recorded == 1:
            come(lab)
        else:
            raise Died

    await trial.read(1)
    with pytest.raises(Died):
        await trial.write(trial.stores("record_commit", before=die))
    for _ in range(2):
        await recovery.recover(trial.stores())
        assert await publish(trial.stores()) == ""
    assert lab.git("log", "--oneline").count("leave 1 old paths") == 1
    await assert_it_stays_until_the_newcomer_has_its_folder(lab, before, trial)


@pytest.mark.sweep
async def test_a_cycle_whose_path_was_left_is_taken_back_and_brought_on_again(
    lab: Lab, trial: FolderTrial
) -> None:
    before = look(lab)
    await trial.read(1)
    batch = await trial.write(trial.stores("switch", after=lambda: come(lab)))
    assert batch is not None
    batch = await trial.roll_back(batch)
    lab.rows("DELETE FROM artifacts WHERE id = 'new'")
    assert_as_before(lab, before)
    await asyncio.to_thread(assert_verified, lab)
    come(lab)
    await trial.redo(batch)
    await assert_it_stays_until_the_newcomer_has_its_folder(lab, before, trial)


async def test_a_path_that_is_only_talked_of_goes(lab: Lab, trial: FolderTrial) -> None:
    before = look(lab)
    await trial.read(1)

    def touch() -> None:
        lab.rows(
            "UPDATE artifacts SET metadata = metadata || jsonb_build_object('figure_path', %s::text) "
            "WHERE id = 'b'",
            f"archive/{SHARED}",
        )

    await trial.write(trial.stores("switch", before=touch))
    assert trial.migrated() == {"a"} and not (lab.store.artifacts / SHARED).exists()
    assert_folders_sound(lab, before)
