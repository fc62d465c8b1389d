"""Somebody else works on the same rows, files and branch: theirs stands, and nobody's file is missing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from scidex_console.domain.batches import BatchState, OperationState
from scidex_console.domain.errors import LockBusy, Refused
from tests.crash.folder_checks import Before, assert_as_before, assert_folders_sound, assert_verified
from tests.engine.folders.tiny import git, row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial, states
from tests.labs import Lab
from tests.samples import sample

FILES = {f"figures/{name}.png": f"bytes of {name}".encode() for name in "abc"}
DONE, CONFLICT, KEPT = OperationState.DONE, OperationState.CONFLICT, OperationState.KEPT


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    rows = [row_of(name, f"figures/{name}.png", content=FILES[f"figures/{name}.png"]) for name in "abc"]
    links = [("a", "b"), ("b", "c")]
    return await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, FILES, rows, links=links)


def place(lab: Lab, trial: FolderTrial, artifact_id: str) -> Path:
    """Where an artifact's primary file is now."""
    row = trial.row(artifact_id)
    return lab.store.outer / row["artifact_dir"] / row["primary_filename"]


async def test_a_file_that_changed_since_it_was_read_is_left_where_it_is(
    lab: Lab, trial: FolderTrial
) -> None:
    await trial.read()
    changed = lab.store.artifacts / "figures/b.png"
    changed.write_bytes(b"edited")
    batch = await trial.write()
    assert batch is not None and states(batch)["b"] is OperationState.SKIPPED
    assert trial.migrated() == {"a", "c"} and trial.words("b") == ["skipped"]
    assert changed.read_bytes() == b"edited"
    assert lab.git("status", "--porcelain").split() == ["M", "figures/b.png"]


async def test_a_file_that_somebody_committed_anew_since_it_was_read_is_left_where_it_is(
    lab: Lab, trial: FolderTrial
) -> None:
    await trial.read()
    (lab.store.artifacts / "figures/b.png").write_bytes(b"a better scan")
    git(lab.store.artifacts, "commit", "-qam", "Better scan")
    batch = await trial.write()
    assert batch is not None and set(states(batch)) == {"a", "c"}, "it is read again before that"
    assert trial.migrated() == {"a", "c"}
    assert lab.git("show", "HEAD:figures/b.png") == "a better scan"


async def test_a_commit_of_others_between_reading_and_writing_stays(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    await trial.read()
    (lab.store.artifacts / "notes.md").write_bytes(b"theirs")
    git(lab.store.artifacts, "add", "notes.md")
    git(lab.store.artifacts, "commit", "-qm", "Notes")
    foreign = lab.git("rev-parse", "HEAD").strip()
    batch = await trial.write()
    assert batch is not None and set(states(batch).values()) == {DONE}
    lab.git("merge-base", "--is-ancestor", foreign, "HEAD")
    assert_folders_sound(lab, before)
    await trial.roll_back(batch)
    assert (lab.store.artifacts / "notes.md").read_bytes() == b"theirs"
    assert_folders_sound(lab, before)


@pytest.mark.sweep
async def test_a_file_that_comes_while_its_row_waits_for_a_batch_gets_into_the_folder(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    git(lab.store.artifacts, "rm", "-q", "figures/b.png")
    git(lab.store.artifacts, "commit", "-qm", "Lost")
    assert await trial.read() == 3, "without its file it is a row of the database alone"
    git(lab.store.artifacts, "revert", "--no-edit", "HEAD")
    batch = await trial.write()
    assert batch is not None and set(states(batch)) == {"a", "c"}
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "c"}
    assert place(lab, trial, "b").read_bytes() == FILES["figures/b.png"]
    assert_folders_sound(lab, before)


async def test_a_change_that_somebody_staged_at_our_path_is_not_lost(lab: Lab, trial: FolderTrial) -> None:
    changed = lab.store.artifacts / "figures/b.png"
    was = changed.read_bytes()
    await trial.read()
    changed.write_bytes(b"staged")
    lab.git("add", "figures/b.png")
    changed.write_bytes(was)
    staged = lab.git("ls-files", "-s", "figures/b.png")
    batch = await trial.write()
    assert batch is not None and states(batch)["b"] is OperationState.SKIPPED
    assert trial.migrated() == {"a", "c"}
    assert lab.git("ls-files", "-s", "figures/b.png") == staged
    assert changed.read_bytes() == was
    assert lab.git("show", "HEAD:figures/b.png") == was.decode()
    assert not (lab.store.artifacts / str(trial.row("b")["artifact_id"])).exists()


async def test_a_locked_index_holds_the_batch_up_and_nothing_is_half_done(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    lock = Path(lab.git("rev-parse", "--path-format=absolute", "--git-path", "index.lock").strip())
    writer = trial.writer()
    await writer.recover()
    await trial.read()
    lock.write_bytes(b"")
    with pytest.raises(LockBusy):
        await writer.write_batch(trial.job, None, files=100, marks=0)
    assert lock.read_bytes() == b"" and trial.migrated() == set()
    assert_folders_sound(lab, before, settled=False)
    lock.unlink()
    await writer.recover_open_batches()
    assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)


@pytest.mark.parametrize("change", sample("edit", "delete", "lock"))
async def test_a_row_in_somebody_elses_hands_is_theirs_and_its_file_stays(
    lab: Lab, before: Before, trial: FolderTrial, change: str
) -> None:
    with psycopg.connect(lab.store.database_url) as other:

        def meddle() -> None:
            if change == "lock":
                other.execute("SELECT FROM artifacts WHERE id = 'b' FOR UPDATE")
            elif change == "delete":
                lab.rows("DELETE FROM artifacts WHERE id = 'b'")
            else:
                lab.rows("UPDATE artifacts SET metadata = metadata || '{\"width\": 9}' WHERE id = 'b'")

        await trial.read()
        batch = await trial.write(trial.stores("switch", before=meddle))
    assert batch is not None and states(batch) == {"a": DONE, "b": CONFLICT, "c": DONE}
    assert (lab.store.artifacts / "figures/b.png").read_bytes() == FILES["figures/b.png"]
    assert lab.git("show", "HEAD:figures/b.png").encode() == FILES["figures/b.png"]
    if change == "delete":
        del before.rows["b"]  # type: ignore[attr-defined]
        assert lab.git("status", "--porcelain") == ""
    else:
        assert_folders_sound(lab, before)
        assert trial.row("b")["artifact_dir"] is None
        assert ("width" in trial.row("b")["metadata"]) is (change == "edit")
        await trial.cycle()
        assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)


@pytest.mark.sweep
async def test_an_artifact_that_was_read_while_its_file_was_on_its_way_is_not_put_off(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    git(lab.store.artifacts, "rm", "-q", "figures/b.png")
    git(lab.store.artifacts, "commit", "-qm", "Lost")
    (lab.store.artifacts / "figures/b.png").write_bytes(FILES["figures/b.png"])
    await trial.read()  # as between the figures job's placing of a file and its commit
    git(lab.store.artifacts, "add", "figures/b.png")
    git(lab.store.artifacts, "commit", "-qm", "Found")
    await trial.write()
    assert trial.migrated() == {"a", "b", "c"} and trial.words("b") == ["success"]
    assert_folders_sound(lab, before)


@pytest.mark.sweep
async def test_a_row_that_stays_locked_is_not_committed_and_taken_back_again_and_again(
    lab: Lab, trial: FolderTrial
) -> None:
    lab.rows("UPDATE artifacts SET artifact_id = gen_random_uuid()")
    with psycopg.connect(lab.store.database_url) as other:
        other.execute("SELECT FROM artifacts WHERE id = 'b' FOR UPDATE")
        for _ in range(2):
            await trial.cycle()
        count = lab.git("rev-list", "--count", "HEAD")
        assert await trial.read() == 0, "later"
        assert lab.git("rev-list", "--count", "HEAD") == count
    lab.rows("UPDATE scidex_console.folder SET due_at = now()")
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "c"}


@pytest.mark.sweep
async def test_a_bit_that_somebody_sets_while_its_row_waits_for_a_batch_stays(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    await trial.read()
    (lab.store.artifacts / "figures/b.png").chmod(0o755)
    git(lab.store.artifacts, "commit", "-qam", "Executable")
    await trial.write()
    await trial.cycle()
    assert place(lab, trial, "b").stat().st_mode & 0o111
    assert lab.git("status", "--porcelain") == ""


@pytest.mark.sweep
async def test_a_bit_that_somebody_sets_in_a_folder_or_at_an_old_path_goes_along_there_and_back(
    lab: Lab, trial: FolderTrial
) -> None:
    batch = await trial.cycle()
    assert batch is not None
    place(lab, trial, "b").chmod(0o755)
    git(lab.store.artifacts, "commit", "-qam", "Executable")
    batch = await trial.roll_back(batch)
    assert (lab.store.artifacts / "figures/b.png").stat().st_mode & 0o111
    assert lab.git("ls-files", "-s", "figures/b.png").startswith("100755 ")
    assert lab.git("status", "--porcelain") == ""
    (lab.store.artifacts / "figures/a.png").chmod(0o755)
    git(lab.store.artifacts, "commit", "-qam", "Executable, too")
    await trial.redo(batch)
    assert trial.migrated() == {"a", "b", "c"}
    modes = {name: lab.git("ls-files", "-s", str(place(lab, trial, name)))[:6] for name in "abc"}
    assert modes == {"a": "100755", "b": "100755", "c": "100644"}
    assert lab.git("status", "--porcelain") == ""
    await asyncio.to_thread(assert_verified, lab)


async def test_a_file_that_is_put_there_while_its_row_waits_for_a_batch_holds_it_back(
    lab: Lab, trial: FolderTrial
) -> None:
    git(lab.store.artifacts, "rm", "-q", "figures/b.png")
    git(lab.store.artifacts, "commit", "-qm", "Lost")
    await trial.read()
    (lab.store.artifacts / "figures").mkdir(exist_ok=True)
    (lab.store.artifacts / "figures/b.png").write_bytes(FILES["figures/b.png"])
    await trial.write()
    await trial.cycle()
    assert trial.migrated() == {"a", "c"} and trial.words("b") == ["error"]


async def test_a_row_that_somebody_keeps_locked_does_not_hold_up_the_others(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    await trial.read()
    with psycopg.connect(lab.store.database_url) as other:
        other.execute("SELECT FROM artifacts WHERE id = 'c' FOR UPDATE")
        await trial.write()
        assert "a" in trial.migrated() and "c" not in trial.migrated()
        assert_folders_sound(lab, before)
    lab.rows("UPDATE scidex_console.folder SET due_at = now()")
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "c"}
    assert len(list((lab.store.outer / trial.row("b")["artifact_dir"]).glob("*/*"))) == 2, "both its links"
    assert_folders_sound(lab, before)


async def test_an_artifact_whose_advisory_lock_is_held_is_left_to_the_next_cycle(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    with psycopg.connect(lab.store.database_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('artifact_folder_migration:b'))")
        await trial.cycle()
        assert trial.migrated() == {"a", "c"}
        assert trial.words("b") == ["skipped"] and "advisory lock" in str(trial.log("b")[0]["errors"])
        assert_folders_sound(lab, before)
        assert await trial.cycle() is None, "not at once again"
    lab.rows("UPDATE scidex_console.folder SET due_at = now()")
    await trial.cycle()
    assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)


@pytest.mark.sweep
async def test_an_artifact_whose_advisory_lock_is_held_is_neither_taken_back_nor_brought_on(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    batch = await trial.cycle()
    assert batch is not None
    with psycopg.connect(lab.store.database_url, autocommit=True) as theirs:
        theirs.execute("SELECT pg_advisory_lock(hashtext('artifact_folder_migration:' || 'b'))")
        batch = await trial.roll_back(batch)
        assert states(batch)["b"] is KEPT and trial.migrated() == {"b"}
        assert "advisory lock" in trial.log("b")[-1]["errors"]["reason"]
    batch = await trial.roll_back(batch)
    assert_as_before(lab, before)
    with psycopg.connect(lab.store.database_url, autocommit=True) as theirs:
        theirs.execute("SELECT pg_advisory_lock(hashtext('artifact_folder_migration:' || 'b'))")
        with pytest.raises(Refused, match="b: its advisory lock is held by somebody else"):
            await trial.redo(batch)
    await trial.redo(batch)
    assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)


async def test_a_rollback_keeps_the_folder_of_a_row_that_was_edited_since(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    batch = await trial.cycle()
    assert batch is not None
    lab.rows("UPDATE artifacts SET primary_filename = 'theirs.png' WHERE id = 'b'")
    batch = await trial.roll_back(batch)
    assert states(batch)["b"] is KEPT
    assert trial.words("b") == ["success", "kept"]
    assert trial.log("b")[1]["errors"] == {"reason": "the row has changed since"}
    assert trial.log("b")[1]["files_moved"] == trial.log("b")[0]["files_moved"]
    assert trial.migrated() == {"b"}
    lab.rows("UPDATE artifacts SET primary_filename = 'b.png' WHERE id = 'b'")
    assert_folders_sound(lab, before)


@pytest.mark.sweep
async def test_a_rollback_keeps_the_folder_of_a_row_that_is_edited_under_it(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    def edit() -> None:
        lab.rows("UPDATE artifacts SET accessory_filenames = '{theirs.html}' WHERE id = 'b'")

    batch = await trial.cycle()
    assert batch is not None
    batch = await trial.roll_back(batch, trial.stores("restore", before=edit))
    assert states(batch)["b"] is KEPT and batch.state is BatchState.PARTLY_ROLLED_BACK
    assert trial.migrated() == {"b"}
    assert_folders_sound(lab, before)


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.sweep
async def test_a_rollback_keeps_a_file_that_was_changed_in_its_folder(
    lab: Lab, trial: FolderTrial, committed: bool
) -> None:
    batch = await trial.cycle()
    assert batch is not None
    changed = place(lab, trial, "b")
    changed.write_bytes(b"edited in its folder")
    if committed:
        git(lab.store.artifacts, "commit", "-qam", "Better")
    batch = await trial.roll_back(batch)
    assert states(batch) == {
        "a": OperationState.ROLLED_BACK,
        "b": KEPT,
        "c": OperationState.ROLLED_BACK,
    }
    assert trial.migrated() == {"b"} and place(lab, trial, "b") == changed
    assert changed.read_bytes() == b"edited in its folder"
    assert not (lab.store.artifacts / "figures/b.png").exists()
    assert (lab.store.artifacts / "figures/a.png").read_bytes() == FILES["figures/a.png"]


@pytest.mark.sweep
async def test_a_rollback_of_what_somebody_reverted_by_hand_puts_the_rows_right(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    batch = await trial.cycle()
    assert batch is not None
    git(lab.store.artifacts, "revert", "--no-edit", "-m", "1", batch.commit)
    batch = await trial.roll_back(batch)
    assert set(states(batch).values()) == {OperationState.ROLLED_BACK}
    assert trial.migrated() == set()
    assert_as_before(lab, before)


async def test_the_repositorys_hooks_and_filters_never_run(
    lab: Lab, before: Before, trial: FolderTrial, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    hooks = Path(lab.git("rev-parse", "--path-format=absolute", "--git-path", "hooks").strip())
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "post-commit", "reference-transaction", "post-index-change", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {ran}\n")
        (hooks / name).chmod(0o755)
    lab.git("config", "filter.evil.clean", f"sh -c 'echo clean >> {ran}; cat'")
    lab.git("config", "filter.evil.smudge", f"sh -c 'echo smudge >> {ran}; cat'")
    info = Path(lab.git("rev-parse", "--path-format=absolute", "--git-path", "info/attributes").strip())
    info.parent.mkdir(exist_ok=True)
    info.write_text("* filter=evil\n")
    lab.git("config", "core.fsmonitor", f"{hooks}/post-commit")
    batch = await trial.cycle()
    assert batch is not None
    await trial.redo(await trial.roll_back(batch))
    assert not ran.exists(), ran.read_text()
    assert trial.migrated() == {"a", "b", "c"}
    for hook in hooks.glob("*"):
        hook.unlink()
    lab.git("config", "--unset", "core.fsmonitor")
    info.unlink()
    assert_folders_sound(lab, before)


async def test_a_folder_that_somebody_committed_already_is_not_tried_again_and_again(
    lab: Lab, trial: FolderTrial
) -> None:
    taken = "11111111-2222-4333-8444-555555555555"
    lab.rows("UPDATE artifacts SET artifact_id = %s WHERE id = 'b'", taken)
    (lab.store.artifacts / taken).mkdir()
    (lab.store.artifacts / taken / "manifest.json").write_bytes(b"{}")
    git(lab.store.artifacts, "add", taken)
    git(lab.store.artifacts, "commit", "-qm", "A folder of theirs")
    await trial.cycle()
    assert trial.migrated() == {"a", "c"}
    assert (lab.store.artifacts / taken / "manifest.json").read_bytes() == b"{}"
    assert (lab.store.artifacts / "figures/b.png").exists()
    assert await trial.job.ready_groups() == [], "not at once again"
