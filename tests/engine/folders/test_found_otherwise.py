"""Files whose recorded paths lead nowhere: the row leads to what was found, or says what is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.crash.folder_checks import (
    Before,
    assert_as_before,
    assert_folders_sound,
    assert_verified,
    recorded_files,
)
from tests.engine.folders.tiny import SUBMODULE, Row, git, row_of, sha256, tiny_lab
from tests.engine.folders.trial import FolderTrial, held
from tests.labs import Lab

FILES = {
    f"figures/{name}.png": f"bytes of {name}".encode() for name in ("tau_map", "by_id", "chained", "kept")
}
GONE = f"{SUBMODULE}/figures/never_was.png"


def found_otherwise() -> list[Row]:
    """By its slug, by its id, by its provenance; each names a place that never was."""
    never = {"figure_path": GONE}
    return [
        Row("slugged", metadata={**never, "slug": "tau_map"}, file_path="figures/never_was.png"),
        Row("by_id", metadata={**never, "file_sha256": sha256(FILES["figures/by_id.png"])}, file_path=GONE),
        Row("chained", metadata=never, file_path=GONE, provenance_chain=[{"path": "figures/chained.png"}]),
        Row("silent", metadata={"slug": "kept"}),
    ]


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    return await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, FILES, found_otherwise())


async def test_every_path_of_the_row_opens_the_file_that_was_found(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    batch = await trial.cycle()
    assert batch is not None and trial.migrated() == {"slugged", "by_id", "chained", "silent"}
    for artifact_id, name in (("slugged", "tau_map"), ("by_id", "by_id"), ("chained", "chained")):
        places = recorded_files(lab, trial.row(artifact_id))
        assert set(places) == {"figure_path", "file_path", "primary"}
        for place in places.values():
            assert place.read_bytes() == FILES[f"figures/{name}.png"]
    assert trial.row("slugged")["file_path"] == f"{trial.row('slugged')['artifact_id']}/tau_map.png"
    assert trial.row("chained")["provenance_chain"] == [{"path": "figures/chained.png"}], "it is history"
    assert trial.row("silent")["file_path"] is None and trial.row("silent")["primary_filename"] == "kept.png"
    assert_folders_sound(lab, before)
    await asyncio.to_thread(assert_verified, lab)
    await trial.roll_back(batch)
    assert_as_before(lab, before)


async def test_what_the_row_names_and_nobody_finds_is_in_the_log(trial: FolderTrial) -> None:
    await trial.cycle()
    assert [said["errors"] for said in trial.log("chained")] == [{"missing": [GONE]}]


@pytest.mark.sweep
async def test_an_artifact_whose_primary_file_was_lost_is_not_taken_for_one_of_the_database_alone(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    await trial.cycle()
    was = trial.row("by_id")
    folder = str(was["artifact_id"])
    git(lab.store.artifacts, "rm", "-q", f"{folder}/by_id.png")
    git(lab.store.artifacts, "commit", "-qm", "Lose a file")
    lab.rows("UPDATE artifacts SET migrated_to_folder_at = NULL WHERE id = 'by_id'")
    await trial.cycle()
    assert trial.words("by_id") == ["success", "error"]
    assert "primary_filename" in trial.log("by_id")[-1]["errors"]["reason"]
    assert trial.row("by_id")["primary_filename"] == "by_id.png", "once set, it never changes"
    git(lab.store.artifacts, "revert", "--no-edit", "HEAD")
    lab.rows("UPDATE scidex_console.folder SET due_at = now()")
    await trial.cycle()
    assert trial.words("by_id") == ["success", "error", "success"]
    changed = {key for key, value in trial.row("by_id").items() if was[key] != value}
    assert changed <= {"migrated_to_folder_at", "updated_at"}
    assert_folders_sound(lab, before)


@pytest.mark.parametrize("page", [False, True])
async def test_an_accessory_does_not_take_a_lost_primary_files_name(
    tmp_path: Path, scidex_database: str, page: bool
) -> None:
    said = {"notebook_path": "notebooks/run.ipynb", **({"html_path": "notebooks/run.html"} if page else {})}
    row = row_of("run", "notebooks/run.ipynb", artifact_type="notebook", metadata=said)
    files = {"notebooks/run.html": b"<html></html>"}
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, [row])
    lab.rows("UPDATE artifacts SET primary_filename = 'run.ipynb' WHERE id = 'run'")
    async with held(lab) as trial:
        await trial.cycle()
        assert trial.words("run") == ["error"] and trial.migrated() == set()
    assert (lab.store.artifacts / "notebooks/run.html").is_file()
