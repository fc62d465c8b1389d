"""Git fails in the middle of a cycle, and files do not fit the layout: nothing is half done or nested."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scidex_console.adapters.git import building
from scidex_console.domain.errors import Halt
from tests.crash.folder_checks import assert_as_before, assert_folders_sound, assert_verified, look
from tests.engine.folders.tiny import Row, row_of, tiny_lab
from tests.engine.folders.trial import held

RUN = {
    "analyses/run 7/Result.ipynb": b"{}",
    "analyses/run 7/Result.html": b"<html></html>",
    "analyses/run 7/figs/Fig 1.png": b"one",
    "analyses/run 7/figs/fig-1.svg": b"<svg/>",
    "analyses/run 7/figs/deep/fig 1.PNG": b"another",
    "analyses/run 7/tex/main.tex": b"\\end",
    "analyses/run 7/README": b"read me",
}


@pytest.mark.sweep
async def test_a_git_that_fails_leaves_nothing_half_done_and_the_cycle_is_made_again(
    tmp_path: Path, scidex_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "_FEW", 0)  # as in a cycle of hundreds of objects
    files = {f"figures/{name}.png": name.encode() for name in "abc"}
    rows = [row_of(name, f"figures/{name}.png", content=name.encode()) for name in "abc"]
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, rows)
    before = look(lab)
    objects = Path(lab.git("rev-parse", "--path-format=absolute", "--git-path", "objects").strip())
    async with held(lab) as trial:
        writer = trial.writer()
        await writer.recover()
        await trial.read()
        (objects / "pack").rename(objects / "pack.away")
        (objects / "pack").write_bytes(b"no folder")
        with pytest.raises(Halt, match="git could not write"):
            await writer.write_batch(trial.job, None, files=100, marks=0)
        (objects / "pack").unlink()
        (objects / "pack.away").rename(objects / "pack")
        assert trial.migrated() == set() and lab.git("log", "--format=%s").split() == ["artifacts"]
        assert_folders_sound(lab, before, settled=False)
        await writer.recover_open_batches()
        assert trial.migrated() == {"a", "b", "c"}
    assert_folders_sound(lab, before)
    await asyncio.to_thread(assert_verified, lab)


async def test_an_artifact_of_many_nested_files_gets_a_flat_folder(
    tmp_path: Path, scidex_database: str
) -> None:
    said = {"analysis_path": "data/scidex-artifacts/analyses/run 7/"}
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, RUN, [Row("run", "analysis", said)])
    before = look(lab)
    async with held(lab) as trial:
        batch = await trial.cycle()
        assert batch is not None
        row = trial.row("run")
        folder = lab.store.outer / row["artifact_dir"]
        assert row["primary_filename"] == "result.ipynb"
        assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == {
            "manifest.json",
            "result.ipynb",
            *(f"accessories/{name}" for name in row["accessory_filenames"]),
        }
        assert sorted(row["accessory_filenames"]) == [
            "fig_1.png",
            "fig_1.svg",
            "fig_1_2.png",
            "main.tex",
            "readme",
            "result.html",
        ]
        assert row["metadata"]["analysis_path"] == f"{row['artifact_dir']}/"
        assert_folders_sound(lab, look(lab))
        await asyncio.to_thread(assert_verified, lab)
        await trial.roll_back(batch)
        assert_as_before(lab, before)
