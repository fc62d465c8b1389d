"""What a rollback's preview says of folders in which somebody has changed a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.domain.jobs import JobName
from scidex_console.engine.batch_views import BatchView
from scidex_console.wiring.reading import readers
from tests.engine.folders.conftest import FOLDERS, FolderBench
from tests.engine.folders.tiny import git


def primary(folders: FolderBench, artifact_id: str) -> Path:
    """An artifact's primary file in its folder."""
    row = folders.artifacts()[artifact_id]
    return folders.outer / str(row["artifact_dir"]) / str(row["primary_filename"])


async def one_cycle(folders: FolderBench) -> BatchView:
    """Have an engine migrate one cycle; its batch."""
    await folders.ask("step", count=1, cycle=True)
    await folders.bench.at_rest()
    [batch] = await folders.bench.readers.read.batches(JobName.FOLDERS, limit=5)
    return batch


def moves(folders: FolderBench, batch: int) -> dict[str, tuple[str, str]]:
    """Where a batch has a file of each artifact from, and where it puts it."""
    found = folders.rows(
        "SELECT artifact_id, source, e.path FROM scidex_console.operation_entry AS e"
        " JOIN scidex_console.operation AS o ON o.id = e.operation_id"
        " WHERE batch_id = %s AND role = 'moved'",
        batch,
    )
    return {row["artifact_id"]: (row["source"], row["path"]) for row in found}


@pytest.mark.sweep
async def test_the_preview_names_the_folders_that_a_rollback_keeps_for_their_files(
    folders: FolderBench,
) -> None:
    async with folders.bench.engine(jobs=FOLDERS):
        read, batch = folders.bench.readers.read, await one_cycle(folders)
        before = await read.rollback_preview(batch.id, redo=False)
        assert (before.kept_files, before.unseen) == ((), "")
        edited, committed, gone = [o for o in before.operations if o.files == 1 and o.links == 0][:3]
        named = {o.artifact_id: primary(folders, o.artifact_id) for o in (edited, committed, gone)}
        named[edited.artifact_id].write_bytes(b"edited, and of another size")
        changed = named[committed.artifact_id]
        changed.write_bytes(bytes(byte ^ 1 for byte in changed.read_bytes()))
        git(folders.checkout, "commit", "-qm", "Better", "--", str(changed))
        named[gone.artifact_id].unlink()
        preview = await read.rollback_preview(batch.id, redo=False)
        reasons = {o.artifact_id: o.reason for o in preview.kept_files}
        assert set(reasons) == set(named)
        assert "bytes and was migrated with" in reasons[edited.artifact_id]
        assert "git has another file" in reasons[committed.artifact_id]
        assert "is gone" in reasons[gone.artifact_id]
        assert preview.token == before.token, "who has no checkout makes the same token"
        done = await folders.ask("rollback", reason="wrong", batch=batch.id, token=preview.token)
        assert "3 kept" in done.outcome, done.outcome
        log = folders.rows("SELECT artifact_id, errors FROM artifact_migration_log WHERE status = 'kept'")
        assert {row["artifact_id"] for row in log} == set(reasons)


async def test_the_preview_of_a_redo_names_the_artifacts_whose_files_were_edited(
    folders: FolderBench,
) -> None:
    async with folders.bench.engine(jobs=FOLDERS):
        read, batch = folders.bench.readers.read, await one_cycle(folders)
        token = (await read.rollback_preview(batch.id, redo=False)).token
        await folders.ask("rollback", reason="wrong", batch=batch.id, token=token)
        before = await read.rollback_preview(batch.id, redo=True)
        assert (before.kept_files, before.unseen) == ((), "")
        edited, committed, gone, taken = [o for o in before.operations if o.files == 1 and o.links == 0][:4]
        held = moves(folders, batch.id)
        (folders.checkout / held[edited.artifact_id][0]).write_bytes(b"edited, and of another size")
        changed = folders.checkout / held[committed.artifact_id][0]
        changed.write_bytes(bytes(byte ^ 1 for byte in changed.read_bytes()))
        git(folders.checkout, "commit", "-qm", "Better", "--", str(changed))
        (folders.checkout / held[gone.artifact_id][0]).unlink()
        place = folders.checkout / held[taken.artifact_id][1]
        place.parent.mkdir(parents=True)
        place.write_bytes(b"in the way, and of another size")
        preview = await read.rollback_preview(batch.id, redo=True)
        reasons = {o.artifact_id: o.reason for o in preview.kept_files}
        assert set(reasons) == {o.artifact_id for o in (edited, committed, gone, taken)}
        assert "bytes and was migrated with" in reasons[edited.artifact_id]
        assert "git's file at" in reasons[committed.artifact_id]
        assert "is gone" in reasons[gone.artifact_id]
        assert "something else is at" in reasons[taken.artifact_id]
        assert preview.token == before.token
        done = await folders.ask("redo", reason="right", batch=batch.id, token=preview.token)
        left = folders.rows("SELECT artifact_id FROM scidex_console.operation WHERE state = 'skipped'")
        assert {row["artifact_id"] for row in left} == set(reasons), done.outcome


@pytest.mark.sweep
async def test_a_preview_without_the_checkout_says_that_nobody_looked(
    folders: FolderBench, tmp_path: Path
) -> None:
    async with folders.bench.engine(jobs=FOLDERS):
        await one_cycle(folders)
    settings = folders.bench.lab.settings
    nowhere = settings.repository.model_copy(update={"path": tmp_path / "nowhere"})
    elsewhere = settings.model_copy(update={"repository": nowhere})
    async with readers(elsewhere) as blind:
        [batch] = await blind.read.batches(JobName.FOLDERS, limit=5)
        preview = await blind.read.rollback_preview(batch.id, redo=False)
        assert preview.operations and preview.unseen and not preview.kept_files
