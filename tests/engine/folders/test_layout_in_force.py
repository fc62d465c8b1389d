"""Links lead to where folders are or will be: the layout of the first cycle stays, a stored folder counts."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from scidex_console.domain.errors import Refused
from scidex_console.domain.runs import RunState
from scidex_console.settings import load_settings
from scidex_console.wiring.preconditions.folders import folder_findings
from scidex_console.wiring.reading import readers
from tests.crash.folder_checks import assert_verified
from tests.engine.bench import Bench
from tests.engine.folders.conftest import FOLDERS, FolderBench
from tests.engine.folders.tiny import git, row_of, tiny_lab
from tests.engine.folders.trial import held
from tests.labs import Lab
from tests.samples import sample

FILES = {f"figures/{name}.png": f"bytes of {name}".encode() for name in "abc"}
THEIRS = "22222222-2222-4333-8444-555555555555"


def store_of(tmp_path: Path, database: str, *, shard: int) -> Lab:
    rows = [row_of(name, f"figures/{name}.png", content=FILES[f"figures/{name}.png"]) for name in "abc"]
    links = [("a", "b"), ("c", "a")]
    return tiny_lab(tmp_path, database, FILES, rows, links=links, extra=f"shard = {shard}\n")


def with_shard(lab: Lab, shard: int) -> Lab:
    """The same store, its configuration changed."""
    lab.config.write_text(re.sub(r"shard = \d", f"shard = {shard}", lab.config.read_text()))
    return replace(lab, settings=load_settings(lab.config, environ={}))


@pytest.mark.parametrize(
    ("was", "then", "taken_back"),
    sample((0, 2, False), (2, 0, True), (2, 3, False), (0, 2, True), (2, 0, False), (2, 3, True)),
)
async def test_a_layout_that_was_changed_after_the_first_cycle_is_refused_and_says_what_to_set(
    tmp_path: Path, scidex_database: str, was: int, then: int, taken_back: bool
) -> None:
    lab = await asyncio.to_thread(store_of, tmp_path, scidex_database, shard=was)
    async with held(lab) as trial:
        batch = await trial.cycle(1)
        if taken_back and batch is not None:
            await trial.roll_back(batch)
    async with held(with_shard(lab, then)) as trial:
        with pytest.raises(Refused, match=f"folders.shard = {was}"):
            await trial.read()
        assert await trial.job.waiting() == (0, 0)
    [layout] = [f for f in await folder_findings(trial.lab.settings) if f.name == "folders: layout"]
    assert (layout.ok, layout.fix) == (False, f"set folders.shard = {was}, start the engine again and resume")
    async with held(with_shard(lab, was)) as trial:
        await trial.cycle()
        assert {"b", "c"} <= trial.migrated()
    await asyncio.to_thread(assert_verified, lab)


@pytest.mark.sweep
async def test_a_run_with_another_layout_halts_and_goes_on_with_the_one_in_force(
    tmp_path: Path, scidex_database: str
) -> None:
    lab = await asyncio.to_thread(store_of, tmp_path, scidex_database, shard=0)
    async with held(lab) as trial:
        await trial.cycle(1)
    async with readers(lab.settings) as connected:
        folders = FolderBench(Bench(with_shard(lab, 2), None, connected))  # type: ignore[arg-type]
        async with folders.bench.engine(jobs=FOLDERS):
            await folders.ask("start")
            await folders.bench.at_rest(RunState.HALTED)
            assert "set folders.shard = 0" in folders.bench.run_row()["halt_reason"]
        folders = FolderBench(Bench(with_shard(lab, 0), None, connected))  # type: ignore[arg-type]
        async with folders.bench.engine(jobs=FOLDERS):
            await folders.ask("resume")
            await folders.bench.at_rest()
    assert not [row for row in lab.rows("SELECT * FROM artifacts") if row["migrated_to_folder_at"] is None]
    await asyncio.to_thread(assert_verified, lab)


async def test_a_layout_may_be_chosen_until_the_first_cycle(tmp_path: Path, scidex_database: str) -> None:
    lab = await asyncio.to_thread(store_of, tmp_path, scidex_database, shard=0)
    async with held(lab) as trial:
        await trial.read()
    async with held(with_shard(lab, 2)) as trial:
        await trial.cycle()
        assert str(trial.row("a")["artifact_dir"]).split("/")[-2] == str(trial.row("a")["artifact_id"])[:2]


@pytest.mark.parametrize("shard", [0, 2])
async def test_links_lead_to_the_folder_that_somebody_else_laid_out_otherwise(
    tmp_path: Path, scidex_database: str, shard: int
) -> None:
    lab = await asyncio.to_thread(store_of, tmp_path, scidex_database, shard=shard)
    folder = THEIRS if shard else f"{THEIRS[:2]}/{THEIRS}"
    (lab.store.artifacts / folder).mkdir(parents=True)
    (lab.store.artifacts / folder / "manifest.json").write_bytes(b"{}")
    git(lab.store.artifacts, "add", folder)
    git(lab.store.artifacts, "commit", "-qm", "A folder of theirs")
    lab.rows(
        "UPDATE artifacts SET migrated_to_folder_at = now(), artifact_id = %s, artifact_dir = %s "
        "WHERE id = 'b'",
        THEIRS,
        f"{lab.store.submodule}/{folder}",
    )
    async with held(lab) as trial:
        await trial.cycle()
        here = lab.store.outer / trial.row("a")["artifact_dir"]
        assert os.path.realpath(here / "inputs" / THEIRS) == str(lab.store.artifacts / folder)
        other = str(trial.row("c")["artifact_id"])
        there = lab.store.outer / trial.row("c")["artifact_dir"]
        assert os.path.realpath(here / "outputs" / other) == str(there)


async def test_a_folder_that_was_registered_before_its_files_came_is_where_its_row_says(
    tmp_path: Path, scidex_database: str
) -> None:
    lab = await asyncio.to_thread(store_of, tmp_path, scidex_database, shard=2)
    lab.rows(
        "UPDATE artifacts SET artifact_id = %s, artifact_dir = %s WHERE id = 'a'",
        THEIRS,
        f"{lab.store.submodule}/{THEIRS}",
    )
    async with held(lab) as trial:
        await trial.cycle(1)
        assert trial.row("a")["artifact_dir"] == f"{lab.store.submodule}/{THEIRS}"
        assert (lab.store.artifacts / THEIRS / "a.png").read_bytes() == FILES["figures/a.png"]
        await trial.cycle()
        assert trial.migrated() == {"a", "b", "c"}
        link = lab.store.outer / trial.row("c")["artifact_dir"] / "inputs" / THEIRS
        assert os.path.realpath(link) == str(lab.store.artifacts / THEIRS)
    await asyncio.to_thread(assert_verified, lab)
