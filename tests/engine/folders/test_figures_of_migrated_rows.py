"""A figure that is found after its artifact was migrated without it gets into the folder all the same."""

from __future__ import annotations

import json

from scidex_console.domain.jobs import JobName
from scidex_console.wiring.verification import verify
from tests.engine.folders.conftest import FOLDERS, FolderBench
from tests.engine.folders.test_surfaces import criterion, seen
from tests.engine.verification.test_healthy_store import counted


async def test_late_figure_is_migrated_into_the_folder_that_stands(folders: FolderBench) -> None:
    await folders.migrate()
    lost = {i: row for i, row in folders.artifacts().items() if i in folders.bench.lab.store.lost}
    assert lost and all(row["migrated_to_folder_at"] and not row["primary_filename"] for row in lost.values())
    async with folders.bench.engine(jobs=frozenset({JobName.FIGURES})):
        await folders.bench.ask("start", JobName.FIGURES)
        await folders.bench.at_rest()
    found = [
        i for i, row in folders.artifacts().items() if i in lost and row["migrated_to_folder_at"] is None
    ]
    assert found, "what was stored or marked is due once more"
    await _is_told_as_such(folders, len(found))
    await folders.migrate()
    rows = folders.artifacts()
    for artifact_id in lost:
        row = rows[artifact_id]
        assert row["artifact_id"] == lost[artifact_id]["artifact_id"]
        folder = folders.outer / row["artifact_dir"]
        manifest = json.loads((folder / "manifest.json").read_bytes())
        assert manifest["metadata"] == row["metadata"]
        assert (folder / row["primary_filename"]).is_file()
        assert folders.outer / row["file_path"] == folder / row["primary_filename"]
    assert not list((folders.checkout / "figures").glob("paper_figure-*")), "nothing stays where it was"

    last = folders.bench.batches()[-1]
    before = {i: (folders.outer / rows[i]["artifact_dir"] / "manifest.json").read_bytes() for i in lost}
    async with folders.bench.engine(jobs=FOLDERS):
        preview = await folders.bench.readers.read.rollback_preview(last["id"], redo=False)
        done = await folders.ask("rollback", batch=last["id"], token=preview.token)
        assert done.state == "done", done
    again = folders.artifacts()
    for artifact_id in lost:
        row = again[artifact_id]
        manifest = (folders.outer / row["artifact_dir"] / "manifest.json").read_bytes()
        assert manifest != before[artifact_id], "the manifest of before is back"
        assert (folders.outer / row["file_path"]).is_file()
        assert row["primary_filename"] is None
    assert (await verify(folders.bench.lab.settings)).broken == ()

    figures = [batch for batch in folders.bench.batches() if batch["job"] == JobName.FIGURES]
    async with folders.bench.engine(jobs=frozenset(JobName)):
        for batch in reversed(figures):
            preview = await folders.bench.readers.read.rollback_preview(batch["id"], redo=False)
            done = await folders.bench.ask(
                "rollback", JobName.FIGURES, batch=batch["id"], token=preview.token
            )
            assert done.state == "done", done
    rows = folders.artifacts()
    assert all(rows[i]["migrated_to_folder_at"] == lost[i]["migrated_to_folder_at"] for i in lost)
    assert (await verify(folders.bench.lab.settings)).broken == (), "each folder is as its row says again"


async def _is_told_as_such(folders: FolderBench, waiting: int) -> None:
    overview, acceptance = await seen(folders)
    assert overview.gaps[1].to_lay_again == acceptance.measured.to_lay_again == waiting
    told = criterion(acceptance, "coverage").detail
    assert (
        f", {waiting} to be laid out again" in told
        and "where none is open: `scidex-console start folders`" in told
    )
    places = [path for path in folders.checkout.rglob("*") if path.is_symlink()]
    links = [path for path in places if path.parent.name in ("inputs", "outputs")]
    assert acceptance.measured.dangling_links == sum(not path.exists() for path in links)
    report = await verify(folders.bench.lab.settings)
    assert report.broken == ()
    assert counted(report, "I2")["folders wait to be laid out again"] == waiting
