"""A cycle is over when its run rests: old paths have gone, nothing is left open, and all is published."""

from __future__ import annotations

import asyncio
from pathlib import Path

from scidex_console.domain.runs import RunState
from scidex_console.wiring.reading import readers
from scidex_console.wiring.verification import verify
from tests.engine.bench import Bench
from tests.engine.folders.conftest import FOLDERS, FolderBench
from tests.engine.folders.tiny import row_of, tiny_lab

NAMES = ("a", "b", "c")


def assert_published(folders: FolderBench, batches: int) -> None:
    """The outer repository points at what the cycles brought, and each batch knows."""
    assert [batch["state"] for batch in folders.bench.batches()] == ["cleaned"] * batches
    assert [batch["push_state"] for batch in folders.bench.batches()] == ["none"] * batches
    pointer = folders.bench.lab.git("ls-tree", "HEAD", "data/scidex-artifacts", outer=True).split()[2]
    assert pointer == folders.bench.lab.git("rev-parse", "HEAD").strip()


async def test_a_stepped_cycle_is_clean_and_published_when_the_run_is_paused(
    tmp_path: Path, scidex_database: str
) -> None:
    files = {f"figures/{name}.png": name.encode() for name in NAMES}
    rows = [row_of(name, f"figures/{name}.png", content=name.encode()) for name in NAMES]
    lab = await asyncio.to_thread(
        tiny_lab, tmp_path, scidex_database, files, rows, cycle=2, every="30m", grace="300ms"
    )
    async with readers(lab.settings) as connected:
        folders = FolderBench(Bench(lab, None, connected))  # type: ignore[arg-type]
        async with folders.bench.engine(jobs=FOLDERS):
            await folders.ask("step", count=1, cycle=True)
            assert folders.bench.run_state() is RunState.PAUSED
            assert_published(folders, 1)
            assert [p.name for p in (folders.checkout / "figures").iterdir()] == ["c.png"]
            await folders.ask("step", count=1, cycle=True)
            assert_published(folders, 2)
        assert (await verify(lab.settings)).broken == ()
