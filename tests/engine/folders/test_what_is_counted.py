"""What the migration is accepted by is counted rightly, whatever was taken back and brought on again."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scidex_console.domain.jobs import JobName
from scidex_console.wiring import verify
from scidex_console.wiring.reading import readers
from tests.engine.folders.tiny import git, row_of, sha256, tiny_lab
from tests.engine.folders.trial import FolderTrial
from tests.labs import Lab

FILES = {f"figures/{name}.png": f"bytes of {name}".encode() for name in "abc"}
NAMED = "UPDATE artifacts SET primary_filename = %s WHERE id = 'b'"


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    """Rows of which `a` promises a hash of its file, and all have a key that looks like one."""
    rows = [
        row_of(
            name,
            f"figures/{name}.png",
            content=FILES[f"figures/{name}.png"] if name == "a" else None,
            content_hash=sha256(name.encode()),
        )
        for name in "abc"
    ]
    only = 'hash_source = ["metadata.file_sha256"]\n'
    return await asyncio.to_thread(
        tiny_lab, tmp_path, scidex_database, FILES, rows, links=[("a", "b")], extra=only
    )


async def report(lab: Lab) -> dict[str, Any]:
    async with readers(lab.settings) as connected:
        return dict(await connected.read.report(JobName.FOLDERS, None))


async def counted(lab: Lab) -> dict[str, Any]:
    return dict((await report(lab))["acceptance"]["measured"])


async def assert_files_counted(lab: Lab, when: str) -> None:
    tracked = git(lab.store.artifacts, "ls-files", "-s").splitlines()
    files = [line for line in tracked if not line.startswith("120000")]
    assert (await counted(lab))["files_now"] == len(files), when


async def test_a_hash_is_promised_by_the_configured_sources_alone(lab: Lab, trial: FolderTrial) -> None:
    await trial.cycle()
    found = (await report(lab))["acceptance"]
    measured = found["measured"]
    assert (measured["succeeded"], measured["verified"], measured["unpromised"]) == (3, 1, 2)
    (hashes,) = [each for each in found["criteria"] if each["name"] == "hashes"]
    assert hashes["holds"] is True


@pytest.mark.sweep
async def test_what_another_batch_migrated_since_counts_after_a_redo(lab: Lab, trial: FolderTrial) -> None:
    batch = await trial.cycle()
    assert batch is not None
    await trial.roll_back(batch)
    lab.rows("UPDATE scidex_console.folder SET state = 'due', due_at = now() WHERE artifact_id <> 'a'")
    await trial.cycle()
    await trial.redo(batch)
    assert trial.migrated() == {"a", "b", "c"}
    assert {trial.words(name)[-1] for name in "abc"} == {"success"}
    found = await report(lab)
    assert found["totals"]["success"] == found["acceptance"]["measured"]["succeeded"] == 3
    assert lab.rows("SELECT FROM scidex_console.folder") == [], "nothing is left to try"


@pytest.mark.sweep
async def test_files_are_counted_rightly_after_a_redo_of_before_the_survey(
    lab: Lab, trial: FolderTrial
) -> None:
    batch = await trial.cycle(2)
    assert batch is not None
    batch = await trial.roll_back(batch)
    await trial.cycle(1)
    batch = await trial.redo(batch)
    await assert_files_counted(lab, "redone after a survey")
    await trial.job.survey(trial.held.mandate.epoch)
    batch = await trial.roll_back(batch)
    await assert_files_counted(lab, "taken back after a survey")
    await trial.redo(batch)
    await assert_files_counted(lab, "there and back since the survey")


@pytest.mark.sweep
async def test_files_are_counted_rightly_after_a_rollback_that_was_resumed(
    lab: Lab, trial: FolderTrial
) -> None:
    batch = await trial.cycle()
    assert batch is not None
    lab.rows(NAMED, "theirs.png")
    batch = await trial.roll_back(batch)
    await trial.job.survey(trial.held.mandate.epoch)
    lab.rows(NAMED, "b.png")
    batch = await trial.roll_back(batch)
    await assert_files_counted(lab, "the rest was taken back after the survey")
    await trial.redo(batch)
    await assert_files_counted(lab, "redone")


@pytest.mark.sweep
async def test_a_link_to_an_artifact_that_was_deleted_since_is_not_waited_for(
    lab: Lab, trial: FolderTrial
) -> None:
    await trial.cycle(1)
    measured = await counted(lab)
    assert (measured["links"], measured["dangling_links"], measured["lost_links"]) == (1, 1, 0)
    lab.rows("DELETE FROM artifacts WHERE id = 'b'")
    await trial.cycle()
    found = (await report(lab))["acceptance"]
    assert (found["measured"]["dangling_links"], found["measured"]["lost_links"]) == (0, 1)
    (links,) = [each for each in found["criteria"] if each["name"] == "links"]
    assert links["holds"] is True and links["detail"].endswith("1 to artifacts whose rows were deleted")
    verified = await verify(lab.settings)
    (whole,) = [each for each in verified.invariants if each.name == "I2"]
    assert whole.broken == () and whole.counted["links to artifacts whose rows were deleted"] == 1


async def test_a_link_to_a_folder_that_is_only_promised_dangles(lab: Lab, trial: FolderTrial) -> None:
    folder = "11111111-2222-4333-8444-555555555555"
    said = f"data/scidex-artifacts/{folder}"
    lab.rows("UPDATE artifacts SET artifact_id = %s, artifact_dir = %s WHERE id = 'b'", folder, said)
    await trial.cycle(1)
    assert (await counted(lab))["dangling_links"] == 1
    await trial.cycle()
    assert (await counted(lab))["dangling_links"] == 0


async def test_a_preview_tells_how_many_links_of_others_would_lead_nowhere(
    lab: Lab, trial: FolderTrial
) -> None:
    first, rest = await trial.cycle(1), await trial.cycle()
    assert first is not None and rest is not None
    async with readers(lab.settings) as connected:
        preview = partial(connected.read.rollback_preview, redo=False)
        assert [(await preview(batch.id)).dangling for batch in (first, rest)] == [1, 1]
        await trial.roll_back(rest)
        assert (await counted(lab))["dangling_links"] == 1
        assert (await preview(first.id)).dangling == 0


async def test_links_that_came_and_went_since_are_counted_and_break_nothing(
    lab: Lab, trial: FolderTrial
) -> None:
    await trial.cycle()
    lab.rows("DELETE FROM artifact_links")
    lab.rows("INSERT INTO artifact_links VALUES ('b', 'c', 'derives_from'), ('b', 'b', 'derives_from')")
    verified = await verify(lab.settings)
    assert verified.holds
    (whole,) = [each for each in verified.invariants if each.name == "I2"]
    assert whole.counted["links of artifact_links that came since and folders lack"] == 2
    assert whole.counted["links in folders that artifact_links has no more"] == 2
