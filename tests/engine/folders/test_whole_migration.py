"""A store is migrated to the end: nothing lost, every row leads to its file, history goes on."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from tests.engine.folders.conftest import FolderBench
from tests.engine.folders.trial import held


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def contents(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and ".git" not in path.relative_to(folder).parts
    }


async def test_a_batch_is_from_the_first_what_the_journal_says_of_it(folders: FolderBench) -> None:
    async with held(folders.bench.lab) as trial:
        await trial.read()
        operations = await trial.job.effects(files=1000, marks=0)
        batch = await trial.held.journal().prepare(
            JobName.FOLDERS,
            None,
            operations,
            base_commit="c",
            epoch=trial.held.mandate.epoch,
            authorization="",
        )
        assert batch is not None and len(batch.operations) > 10
        assert batch == await trial.held.journal().load(batch.id)


async def test_everything_gets_its_folder_and_nothing_is_lost(folders: FolderBench) -> None:
    before = contents(folders.checkout)
    expected = {
        row["id"]: row["metadata"]["file_sha256"]
        for row in folders.artifacts().values()
        if "file_sha256" in (row["metadata"] or {})
    }
    await folders.migrate()
    assert folders.bench.run_state() is RunState.DONE, folders.bench.run_row()
    after = contents(folders.checkout)
    assert set(after.values()) >= set(before.values()), "no bytes are lost"
    assert len(after) >= len(before)
    for row in folders.artifacts().values():
        said = folders.statuses().get(row["id"], [])
        if row["migrated_to_folder_at"] is None:
            assert said[-1] != "success"
            continue
        assert said[-1] == "success"
        folder = folders.outer / row["artifact_dir"]
        assert folder.name == str(row["artifact_id"])
        manifest = json.loads((folder / "manifest.json").read_bytes())
        assert manifest["id"] == row["id"]
        assert {f["path"] for f in manifest["files"]} == {
            *([row["primary_filename"]] if row["primary_filename"] else []),
            *(f"accessories/{name}" for name in row["accessory_filenames"]),
        }
        for file in manifest["files"]:
            assert (folder / file["path"]).is_file()
    assert git(folders.checkout, "status", "--porcelain") == ""
    git(folders.checkout, "fsck", "--strict")
    left = [word for word in folders.statuses().values() if word[-1] != "success"]
    assert len(left) < 0.1 * len(folders.artifacts()), folders.rows(
        "SELECT artifact_id, status, errors FROM artifact_migration_log WHERE status <> 'success'"
    )
    assert expected
