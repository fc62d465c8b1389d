"""An artifact that is migrated again, or was by somebody who did not come to its row."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.crash.folder_checks import assert_as_before, assert_verified, look
from tests.engine.folders.tiny import SUBMODULE, row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial, held
from tests.labs import Lab

CONTENT = {"notebooks/run.ipynb": b'{"cells": []}', "notebooks/run.html": b"<html></html>"}
UUID = "33333333-2222-4333-8444-555555555555"
EMPTIED = {
    "mark": "migrated_to_folder_at = NULL",
    "folder": "migrated_to_folder_at = NULL, artifact_dir = NULL",
}


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    row = row_of("run", "notebooks/run.ipynb", artifact_type="notebook")
    return await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, CONTENT, [row])


@pytest.mark.parametrize("emptied", EMPTIED.values(), ids=EMPTIED)
async def test_first_old_paths_survive_another_migration(lab: Lab, trial: FolderTrial, emptied: str) -> None:
    await trial.cycle()
    first = manifest(lab, trial)
    assert sorted(f["migrated_from"] for f in first["files"]) == sorted(CONTENT)
    batch = None
    for _ in range(2):
        lab.rows(f"UPDATE artifacts SET {emptied} WHERE id = 'run'")
        lab.rows("DELETE FROM scidex_console.folder")
        batch = await trial.cycle()
        assert batch is not None and trial.words("run")[-1] == "success"
        assert manifest(lab, trial) == first
        assert trial.log("run")[-1]["files_moved"] == trial.log("run")[0]["files_moved"]
        await asyncio.to_thread(assert_verified, lab)
    assert batch is not None
    await trial.roll_back(batch)
    lab.rows("DELETE FROM scidex_console.folder")
    await trial.cycle()
    assert manifest(lab, trial) == first, "what was taken back meanwhile takes nothing from it"


@pytest.mark.parametrize("shard", [0, 2])
@pytest.mark.parametrize("theirs", [b"", b'{"id": "run", "by": "them"}'], ids=["no manifest", "a manifest"])
async def test_a_folder_that_was_committed_and_never_came_to_the_row_is_found(
    tmp_path: Path, scidex_database: str, shard: int, theirs: bytes
) -> None:
    """Another driver died between its commit and its UPDATE."""
    folder = f"{UUID[:shard]}/{UUID}" if shard else UUID
    files = {
        f"{folder}/{path.replace('notebooks/run.h', 'accessories/run.h')}": b for path, b in CONTENT.items()
    }
    files = {path.replace("notebooks/", ""): content for path, content in files.items()}
    manifests = {f"{folder}/manifest.json": theirs} if theirs else {}
    row = row_of(
        "run", "notebooks/run.ipynb", artifact_type="notebook", content=CONTENT["notebooks/run.ipynb"]
    )
    lab = await asyncio.to_thread(
        tiny_lab, tmp_path, scidex_database, files | manifests, [row], extra=f"shard = {shard}"
    )
    lab.rows("UPDATE artifacts SET artifact_id = %s", UUID)
    before = look(lab)
    async with held(lab) as trial:
        batch = await trial.cycle()
        assert batch is not None and trial.words("run") == ["success"]
        now = trial.row("run")
        assert (now["primary_filename"], now["accessory_filenames"]) == ("run.ipynb", ["run.html"])
        assert now["metadata"]["notebook_path"] == f"{now['artifact_dir']}/run.ipynb"
        assert now["artifact_dir"] == f"{SUBMODULE}/{folder}"
        assert manifest(lab, trial)["id"] == "run"
        await asyncio.to_thread(assert_verified, lab)
        await trial.roll_back(batch)
    assert_as_before(lab, before)


def manifest(lab: Lab, trial: FolderTrial) -> dict[str, Any]:
    """The artifact's, as it is in the checkout."""
    place = lab.store.outer / str(trial.row("run")["artifact_dir"]) / "manifest.json"
    found: dict[str, Any] = json.loads(place.read_bytes())
    return found
