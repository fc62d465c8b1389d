"""Rows that record paths of another checkout: the file of this one is theirs, unless that one has another."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.crash.folder_checks import assert_as_before, assert_folders_sound, assert_verified, look
from tests.engine.folders.tiny import SUBMODULE, row_of, sha256, tiny_lab
from tests.engine.folders.trial import held
from tests.labs import Lab

PATH, CONTENT = "figures/a.png", b"bytes of a"


async def with_row(folder: Path, database_url: str, recorded: str, **metadata: Any) -> Lab:
    row = row_of("a", PATH, metadata={**metadata, "figure_path": recorded})
    return await asyncio.to_thread(tiny_lab, folder, database_url, {PATH: CONTENT}, [row])


@pytest.mark.parametrize("promise", [{}, {"file_sha256": sha256(CONTENT)}], ids=["unpromised", "promised"])
async def test_a_path_of_another_machine_leads_to_the_file(
    tmp_path: Path, scidex_database: str, promise: dict[str, Any]
) -> None:
    recorded = f"/home/other/repo/{SUBMODULE}/{PATH}"
    lab = await with_row(tmp_path, scidex_database, recorded, **promise)
    before = look(lab)
    async with held(lab) as trial:
        batch = await trial.cycle()
        assert batch is not None and trial.words("a") == ["success"]
        row = trial.row("a")
        assert row["metadata"]["figure_path"] == f"{row['artifact_dir']}/a.png"
        assert trial.log("a")[0]["errors"] is None
        assert_folders_sound(lab, before)
        await asyncio.to_thread(assert_verified, lab)
        await trial.roll_back(batch)
        assert trial.row("a")["metadata"]["figure_path"] == recorded
    assert_as_before(lab, before)


async def test_a_promise_that_is_not_kept_moves_nothing(tmp_path: Path, scidex_database: str) -> None:
    recorded = f"/home/other/repo/{SUBMODULE}/{PATH}"
    lab = await with_row(tmp_path, scidex_database, recorded, file_sha256=sha256(b"else"))
    async with held(lab) as trial:
        assert await trial.cycle() is None and trial.words("a") == ["hash_mismatch"]


@pytest.mark.parametrize(
    ("theirs", "promised", "word"),
    [
        (CONTENT, False, "success"),
        (b"newer", False, "quarantined"),
        (b"newer", True, "success"),
        (None, False, "success"),
    ],
    ids=["the same", "another", "another, and ours is promised", "none"],
)
async def test_a_checkout_beside_this_one_must_not_have_another_file(
    tmp_path: Path, scidex_database: str, theirs: bytes | None, promised: bool, word: str
) -> None:
    place = tmp_path / "canonical" / SUBMODULE / PATH
    place.parent.mkdir(parents=True)
    if theirs is not None:
        place.write_bytes(theirs)
    promise = {"file_sha256": sha256(CONTENT)} if promised else {}
    lab = await with_row(tmp_path / "lab", scidex_database, str(place), **promise)
    async with held(lab) as trial:
        await trial.cycle()
        assert trial.words("a") == [word]
    assert place.exists() is (theirs is not None)
