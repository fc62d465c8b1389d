"""A writer's commit: an artifact's files in its folder, by both stores, without an engine or beside one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scidex_console.engine.artifacts.committing import ArtifactCommits
from scidex_console.wiring.artifacts import artifact_commits
from tests.engine.artifacts.writing import assert_verified, commit, new_row, row
from tests.labs import Lab, make_lab


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    extra = '[folders]\ncycle = 40\nevery = "0s"\ngrace = "0s"\n'
    return await asyncio.to_thread(make_lab, tmp_path, scidex_database, extra=extra, figures=6, artifacts=20)


@pytest.fixture
async def commits(lab: Lab) -> AsyncIterator[ArtifactCommits]:
    async with artifact_commits(lab.settings, name="trial") as made:
        yield made


async def test_new_artifact_gets_its_folder_with_manifest_and_row(lab: Lab, commits: ArtifactCommits) -> None:
    artifact = new_row(lab, "notebook", metadata={"notebook_path": "notebooks/Über uns.ipynb"})
    done = await commit(
        commits, artifact, ("Über uns.ipynb", b"{}"), ("Über uns.html", b"<p>"), ("Preview!.png", b"png")
    )
    now = row(lab, artifact)
    assert (now["primary_filename"], now["accessory_filenames"]) == (
        "uber_uns.ipynb",
        ["uber_uns.html", "preview.png"],
    )
    assert str(now["artifact_id"]) == done.artifact_id and now["migrated_to_folder_at"] is not None
    assert now["artifact_dir"] == f"data/scidex-artifacts/{done.artifact_id}"
    folder = lab.store.artifacts / done.artifact_id
    assert (folder / "uber_uns.ipynb").read_bytes() == b"{}"
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert [file["path"] for file in manifest["files"]] == [
        "accessories/preview.png",
        "accessories/uber_uns.html",
        "uber_uns.ipynb",
    ]
    assert now["metadata"]["notebook_path"] == f"{done.artifact_id}/uber_uns.ipynb"
    await assert_verified(lab)


async def test_accessory_is_added_once_beside_what_is_there(lab: Lab, commits: ArtifactCommits) -> None:
    artifact = new_row(lab)
    first = await commit(commits, artifact, ("plot.png", b"one"))
    added = await commit(commits, first.artifact_id, None, ("plot.png", b"two"), ("plot.png", b"three"))
    again = await commit(commits, artifact, ("plot.png", b"one"), ("other name.png", b"two"))
    assert added.accessory_filenames == ("plot.png", "plot_2.png")
    assert (again.added, again.batch, again.accessory_filenames) == ((), None, added.accessory_filenames)
    await assert_verified(lab)
