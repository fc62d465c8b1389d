"""A cycle that was stepped is over when its run rests: old paths have gone, and nothing is left open."""

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


async def test_a_stepped_cycle_has_taken_its_old_paths_away_when_the_run_is_paused(
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
            assert [batch["state"] for batch in folders.bench.batches()] == ["cleaned"]
            assert [p.name for p in (folders.checkout / "figures").iterdir()] == ["c.png"]
        assert (await verify(lab.settings)).broken == ()
