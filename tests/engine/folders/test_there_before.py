"""A file that somebody had committed into an artifact's folder before its cycle is there after a rollback."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scidex_console.domain.batches import OperationState
from tests.crash.folder_checks import assert_as_before, assert_verified, look
from tests.engine.folders.tiny import git, row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial, held, states
from tests.labs import Lab

CONTENT = {name: f"bytes of {name}".encode() for name in "ab"}
OLD = {name: f"figures/{name}.png" for name in "ab"}
FOLDER = "33333333-2222-4333-8444-555555555555"
THEIRS = f"{FOLDER}/a.png"


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    """The very file of `a` lies in its folder, too, and its row does not know of it."""
    files = {OLD[name]: CONTENT[name] for name in "ab"} | {THEIRS: CONTENT["a"]}
    rows = [row_of(name, OLD[name], content=CONTENT[name]) for name in "ab"]
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, rows)
    lab.rows("UPDATE artifacts SET artifact_id = %s WHERE id = 'a'", FOLDER)
    return lab


def assert_apart(lab: Lab) -> None:
    """Whoever edits one of the two in place does not edit the other."""
    assert not (lab.store.artifacts / THEIRS).samefile(lab.store.artifacts / OLD["a"])


async def test_a_rollback_leaves_the_copy_that_was_in_the_folder_before(lab: Lab, trial: FolderTrial) -> None:
    before = look(lab)
    batch = await trial.cycle()
    for again in (False, True):
        assert batch is not None
        if again:
            batch = await trial.redo(batch)
        assert trial.migrated() == {"a", "b"}
        assert not (lab.store.artifacts / OLD["a"]).exists()
        assert (lab.store.artifacts / THEIRS).read_bytes() == CONTENT["a"]
        await asyncio.to_thread(assert_verified, lab)
        batch = await trial.roll_back(batch)
        assert set(states(batch).values()) == {OperationState.ROLLED_BACK}
        assert_as_before(lab, before)
        assert_apart(lab)
        assert lab.git("status", "--porcelain") == ""
        await asyncio.to_thread(assert_verified, lab)


@pytest.mark.sweep
async def test_a_row_edited_meanwhile_leaves_the_copy_that_was_in_the_folder_before(
    lab: Lab, trial: FolderTrial
) -> None:
    before = look(lab)

    def edit() -> None:
        lab.rows("UPDATE artifacts SET title = 'theirs' WHERE id = 'a'")

    await trial.read()
    batch = await trial.write(trial.stores("switch", before=edit))
    assert batch is not None and states(batch)["a"] is OperationState.CONFLICT
    now = look(lab)
    for path in (THEIRS, OLD["a"]):
        assert now.files[path] == before.files[path] and now.tracked[path] == before.tracked[path]
    assert_apart(lab)
    assert lab.git("status", "--porcelain") == ""
    await asyncio.to_thread(assert_verified, lab)


async def test_a_row_edited_under_a_rollback_keeps_its_folder_and_nothing_else(
    lab: Lab, trial: FolderTrial
) -> None:
    def edit() -> None:
        lab.rows("UPDATE artifacts SET accessory_filenames = '{theirs.html}' WHERE id = 'a'")

    batch = await trial.cycle()
    assert batch is not None
    batch = await trial.roll_back(batch, trial.stores("restore", before=edit))
    assert states(batch) == {"a": OperationState.KEPT, "b": OperationState.ROLLED_BACK}
    assert trial.words("a") == ["success", "kept"] and trial.words("b") == ["success", "rolled_back"]
    assert "changed, deleted or locked" in trial.log("a")[1]["errors"]["reason"]
    assert (lab.store.artifacts / THEIRS).read_bytes() == CONTENT["a"]
    assert not (lab.store.artifacts / OLD["a"]).exists(), "the row leads to the folder"
    assert lab.git("ls-files", OLD["a"]) == "" and lab.git("status", "--porcelain") == ""


@pytest.mark.sweep
async def test_a_copy_that_came_after_reading_is_there_after_a_rollback(
    tmp_path: Path, scidex_database: str
) -> None:
    files = {OLD[name]: CONTENT[name] for name in "ab"}
    rows = [row_of(name, OLD[name], content=CONTENT[name]) for name in "ab"]
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, rows)
    lab.rows("UPDATE artifacts SET artifact_id = %s WHERE id = 'a'", FOLDER)
    async with held(lab) as trial:
        await trial.read()
        (lab.store.artifacts / FOLDER).mkdir()
        (lab.store.artifacts / THEIRS).write_bytes(CONTENT["a"])
        git(lab.store.artifacts, "add", FOLDER)
        git(lab.store.artifacts, "commit", "-qm", "A copy of theirs")
        before = look(lab)
        batch = await trial.write()
        assert batch is not None and trial.migrated() == {"a", "b"}
        await trial.roll_back(batch)
        assert_as_before(lab, before)
    await asyncio.to_thread(assert_verified, lab)
