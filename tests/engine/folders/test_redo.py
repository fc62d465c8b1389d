"""A batch that was taken back is brought on again, as far as the world is still what it was."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scidex_console.adapters.postgres import journal
from scidex_console.adapters.postgres.database import Connection
from scidex_console.domain.batches import Batch, BatchState, OperationState
from scidex_console.domain.errors import Refused
from scidex_console.wiring.changed_files import look_at_folders
from tests.crash.folder_checks import Before, assert_as_before, assert_folders_sound, look
from tests.engine.folders.tiny import git, row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial, states
from tests.labs import Lab

FILES = {f"figures/{name}.png": f"bytes of {name}".encode() for name in "abc"}


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    rows = [row_of(name, f"figures/{name}.png", content=FILES[f"figures/{name}.png"]) for name in "abc"]
    links = [("a", "b"), ("b", "c")]
    return await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, FILES, rows, links=links)


@pytest.fixture
async def taken_back(trial: FolderTrial) -> Batch:
    """One batch of all three, there and back."""
    batch = await trial.cycle()
    assert batch is not None
    return await trial.roll_back(batch)


async def test_there_and_back_twice_leaves_the_store_as_it_was(
    lab: Lab, before: Before, trial: FolderTrial, taken_back: Batch
) -> None:
    assert_as_before(lab, before)
    again = await trial.redo(taken_back)
    assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)
    await trial.roll_back(again)
    assert_as_before(lab, before)
    assert trial.words("a") == ["success", "rolled_back"] * 2


@pytest.mark.sweep
async def test_a_batch_that_is_followed_from_step_to_step_is_what_the_journal_holds(
    lab: Lab, trial: FolderTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed, steps = journal.loaded, []

    async def compared(connection: Connection, batch: Batch) -> Batch:
        found = await followed(connection, batch)
        held = await journal.load(connection, batch.id)
        assert held is not None and found == held and found.applied == held.applied
        steps.append(found.state)
        return found

    monkeypatch.setattr(journal, "loaded", compared)
    batch = await trial.cycle()
    assert batch is not None
    lab.rows("UPDATE artifacts SET artifact_dir = 'theirs' WHERE id = 'b'")
    batch = await trial.roll_back(batch)
    assert states(batch)["b"] is OperationState.KEPT
    await trial.redo(batch)
    assert len(set(steps)) > 3


@pytest.mark.sweep
async def test_a_row_that_was_edited_since_is_planned_anew(
    lab: Lab, before: Before, trial: FolderTrial, taken_back: Batch
) -> None:
    lab.rows("UPDATE artifacts SET title = 'theirs' WHERE id = 'b'")
    again = await trial.redo(taken_back)
    assert states(again)["b"] is OperationState.CONFLICT
    assert trial.migrated() == {"a", "c"} and trial.row("b")["title"] == "theirs"
    assert (lab.store.artifacts / "figures/b.png").read_bytes() == FILES["figures/b.png"]
    assert_folders_sound(lab, before)
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)


@pytest.mark.sweep
async def test_a_file_that_somebody_committed_anew_since_stays_where_it_is(
    lab: Lab, trial: FolderTrial, taken_back: Batch
) -> None:
    (lab.store.artifacts / "figures/b.png").write_bytes(b"a better scan")
    git(lab.store.artifacts, "commit", "-qam", "Better scan")
    again = await trial.redo(taken_back)
    assert states(again)["b"] is OperationState.SKIPPED
    assert trial.migrated() == {"a", "c"}
    assert (lab.store.artifacts / "figures/b.png").read_bytes() == b"a better scan"
    assert lab.git("show", "HEAD:figures/b.png") == "a better scan"
    assert lab.git("status", "--porcelain") == ""


async def test_a_file_that_attributes_have_come_to_name_in_its_folder_waits_for_a_person(
    lab: Lab, before: Before, trial: FolderTrial, taken_back: Batch
) -> None:
    attributes = lab.store.artifacts / ".gitattributes"
    attributes.write_bytes(b"*-*-*-*-*/b.png filter=lfs\n")
    git(lab.store.artifacts, "add", ".gitattributes")
    git(lab.store.artifacts, "commit", "-qm", "Large files")
    preview = await look_at_folders(lab.settings)(taken_back.operations, redo=True)
    assert list(preview) == ["b"] and "filter=lfs in a folder of its own" in preview["b"]
    again = await trial.redo(taken_back)
    assert states(again)["b"] is OperationState.SKIPPED and trial.migrated() == {"a", "c"}
    assert trial.words("b")[-1] == "quarantined", "nothing goes on by itself"
    assert lab.git("status", "--porcelain") == ""
    git(lab.store.artifacts, "rm", "-q", ".gitattributes")
    git(lab.store.artifacts, "commit", "-qm", "None after all")
    lab.rows("UPDATE scidex_console.folder SET state = 'due', due_at = now()")
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)


@pytest.mark.sweep
async def test_a_redo_whose_files_were_all_edited_is_refused_and_waits_until_they_are_back(
    lab: Lab, before: Before, trial: FolderTrial, taken_back: Batch
) -> None:
    places = {name: lab.store.artifacts / f"figures/{name}.png" for name in "abc"}
    for place in places.values():
        place.write_bytes(b"a better scan")
    git(lab.store.artifacts, "commit", "-qam", "Better scans")
    with pytest.raises(Refused, match=f"nothing of batch {taken_back.id} can be redone: git's file at"):
        await trial.redo(taken_back)
    waiting = await trial.held.journal().load(taken_back.id)
    assert waiting is not None and waiting.state is BatchState.ROLLED_BACK
    git(lab.store.artifacts, "revert", "--no-edit", "HEAD")
    for folder in {entry.path.partition("/")[0] for o in waiting.operations for entry in o.entries}:
        (lab.store.artifacts / folder).mkdir()
        (lab.store.artifacts / folder / "manifest.json").write_bytes(b"theirs, and not in git")
    with pytest.raises(Refused, match=r"something else is at .*manifest\.json"):
        await trial.redo(taken_back)
    for manifest in lab.store.artifacts.glob("*/manifest.json"):
        manifest.unlink()
    await trial.redo(taken_back)
    assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)


async def test_artifacts_that_got_their_folders_otherwise_since_keep_them(
    lab: Lab, before: Before, trial: FolderTrial, taken_back: Batch
) -> None:
    lab.rows("UPDATE scidex_console.folder SET state = 'due', due_at = now() WHERE artifact_id <> 'a'")
    await trial.cycle()
    assert trial.migrated() == {"b", "c"}
    again = await trial.redo(taken_back)
    assert trial.migrated() == {"a", "b", "c"}
    assert states(again)["a"] is OperationState.DONE
    assert_folders_sound(lab, before)
    assert await trial.job.ready_groups() == []


@pytest.mark.sweep
async def test_a_folder_that_holds_the_file_already_is_taken_on(lab: Lab, trial: FolderTrial) -> None:
    theirs = "11111111-2222-4333-8444-555555555555"
    lab.rows("UPDATE artifacts SET artifact_id = %s WHERE id = 'b'", theirs)
    (lab.store.artifacts / theirs).mkdir()
    (lab.store.artifacts / theirs / "b.png").write_bytes(FILES["figures/b.png"])
    git(lab.store.artifacts, "add", theirs)
    git(lab.store.artifacts, "commit", "-qm", "Half a folder")
    before = look(lab)
    batch = await trial.cycle()
    assert batch is not None and trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)
    assert trial.row("b")["artifact_dir"].endswith(theirs)
    await trial.roll_back(batch)
    assert trial.migrated() == set()
    assert (lab.store.artifacts / "figures/b.png").read_bytes() == FILES["figures/b.png"]
    assert lab.git("status", "--porcelain") == ""


async def test_a_folder_that_is_not_to_be_had_keeps_what_is_in_it(lab: Lab, trial: FolderTrial) -> None:
    theirs = lab.store.artifacts / "11111111-2222-4333-8444-555555555555"
    lab.rows("UPDATE artifacts SET artifact_id = %s WHERE id = 'b'", theirs.name)
    theirs.mkdir()
    (theirs / "b.png").write_bytes(FILES["figures/b.png"])
    git(lab.store.artifacts, "add", theirs.name)
    git(lab.store.artifacts, "commit", "-qm", "Half a folder")
    (theirs / "manifest.json").write_bytes(b"theirs")
    batch = await trial.cycle()
    assert batch is not None and states(batch)["b"] is OperationState.SKIPPED
    assert sorted(path.name for path in theirs.rglob("*")) == ["b.png", "manifest.json"]
    assert lab.git("status", "--porcelain") == f"?? {theirs.name}/manifest.json\n"
