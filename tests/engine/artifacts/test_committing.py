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
from tests.engine.folders.trial import held
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
    # An average as PostgreSQL has it: more digits than a float, and no edit of anybody's.
    more = {"notebook_path": "notebooks/Über uns.ipynb", "score": "AVERAGE"}
    average = json.dumps(more).replace('"AVERAGE"', "0.33333333333333333333")
    artifact = new_row(lab, "notebook", metadata=average)
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
    assert b'"score": 0.33333333333333333333' in (folder / "manifest.json").read_bytes()
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


async def test_commits_at_once_are_all_published_and_one_that_was_not_is_by_the_engine(
    lab: Lab, commits: ArtifactCommits
) -> None:
    def outstanding() -> list[str]:
        return [r["push_state"] for r in lab.rows("SELECT push_state FROM scidex_console.batch")]

    artifact = new_row(lab)
    await commit(commits, artifact, ("plot.png", b"plot"))
    async with artifact_commits(lab.settings, name="second") as other:
        added = [(f"{n}.csv", b"%d" % n) for n in range(4)]
        await asyncio.gather(*(commit(by, artifact, None, each) for each in added for by in (commits, other)))
    assert set(outstanding()) == {"pushed"}

    async with held(lab) as trial:
        writer = trial.writer()
        await writer.recover()
        lab.rows("UPDATE scidex_console.batch SET push_state = '' WHERE id = 2")  # its writer was killed
        await writer.publish_again()
    assert set(outstanding()) == {"pushed"}
    await assert_verified(lab)
