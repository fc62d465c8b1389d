"""What a rollback's preview says of folders in which somebody has changed a file."""

from __future__ import annotations

from pathlib import Path

from scidex_console.domain.jobs import JobName
from scidex_console.wiring.reading import readers
from tests.engine.folders.conftest import FOLDERS, FolderBench
from tests.engine.folders.tiny import git


def primary(folders: FolderBench, artifact_id: str) -> Path:
    """An artifact's primary file in its folder."""
    row = folders.artifacts()[artifact_id]
    return folders.outer / str(row["artifact_dir"]) / str(row["primary_filename"])


async def test_the_preview_names_the_folders_that_a_rollback_keeps_for_their_files(
    folders: FolderBench,
) -> None:
    async with folders.bench.engine(jobs=FOLDERS):
        await folders.ask("step", count=1, cycle=True)
        await folders.bench.at_rest()
        read = folders.bench.readers.read
        [batch] = await read.batches(JobName.FOLDERS, limit=5)
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


async def test_a_preview_without_the_checkout_says_that_nobody_looked(
    folders: FolderBench, tmp_path: Path
) -> None:
    async with folders.bench.engine(jobs=FOLDERS):
        await folders.ask("step", count=1, cycle=True)
        await folders.bench.at_rest()
    settings = folders.bench.lab.settings
    nowhere = settings.repository.model_copy(update={"path": tmp_path / "nowhere"})
    elsewhere = settings.model_copy(update={"repository": nowhere})
    async with readers(elsewhere) as blind:
        [batch] = await blind.read.batches(JobName.FOLDERS, limit=5)
        preview = await blind.read.rollback_preview(batch.id, redo=False)
        assert preview.operations and preview.unseen and not preview.kept_files
