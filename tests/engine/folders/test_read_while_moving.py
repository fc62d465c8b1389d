"""Somebody reads every artifact all the while: files move, back and again, and none is ever missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scidex_console.domain.jobs import JobName
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.runs import OPEN
from scidex_console.wiring.artifact_reading import ArtifactReaders, artifact_readers
from tests.labs import AtWork, Lab, engine_at_work, make_lab

FOLDERS = JobName.FOLDERS
FAST = """
[folders]
cycle = 5
every = "0s"
grace = "0s"
repack_at_end = false
[readers]
enabled = true
"""


@pytest.fixture
def lab(tmp_path: Path, scidex_database: str) -> Lab:
    return make_lab(tmp_path, scidex_database, extra=FAST, figures=4, artifacts=24)


@dataclass
class Walk:
    """Reads everything again and again, half of it by folders first, and keeps what was missed."""

    reading: ArtifactReaders
    with_file: frozenset[str]
    """Artifacts whose file was found before anything moved."""
    rounds: int = 0
    missed: list[str] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to end the walk after its round: cancelled, it could leave open what a thread just opened."""

    async def go(self) -> None:
        while not self.enough.is_set():
            for artifact_id in sorted(self.with_file):
                for reader in (ReaderKind.API, ReaderKind.FIGURE):
                    found = await self.reading.resolver.resolve(artifact_id, reader)
                    if found is None or found.primary is None:
                        self.missed.append(f"{artifact_id} by {reader}: {found and found.missing}")
                    else:
                        file = await asyncio.to_thread(self.reading.files.open, found.primary.path)
                        if file is None:
                            await self._look_again(artifact_id, reader)
                        else:
                            file.close()
            self.rounds += 1

    async def _look_again(self, artifact_id: str, reader: ReaderKind) -> None:
        """Without any grace a file may go between the look and the opening: the next look finds it."""
        found = await self.reading.resolver.resolve(artifact_id, reader)
        if found is None or found.primary is None:
            self.missed.append(f"{artifact_id} by {reader}, again")


@asynccontextmanager
async def walking(lab: Lab) -> AsyncIterator[Walk]:
    async with artifact_readers(lab.settings, name="walk") as reading:
        ids = [str(row["id"]) for row in lab.rows("SELECT id FROM artifacts ORDER BY id")]
        found = [await reading.resolver.resolve(artifact_id) for artifact_id in ids]
        walk = Walk(reading, frozenset(each.id for each in found if each and each.primary))
        lab.rows("UPDATE scidex_console.reader_share SET percent = 100 WHERE reader = 'figure' RETURNING 1")
        await reading.keeper.refresh()
        going = asyncio.create_task(walk.go())
        try:
            yield walk
        finally:
            walk.enough.set()
            await going


async def rounds(work: AtWork, walk: Walk, number: int = 1) -> None:
    """Wait for so many whole rounds from now on."""
    wanted = walk.rounds + number + 1
    while walk.rounds < wanted:
        await work.pause()


@pytest.mark.sweep
async def test_no_artifact_is_missed_while_it_moves_back_and_forth(lab: Lab) -> None:
    async with engine_at_work(lab.settings, frozenset({FOLDERS})) as work, walking(lab) as walk:
        assert len(walk.with_file) > 10
        await work.ask("start", FOLDERS)
        while (run := await work.runs.last_run(FOLDERS)) is None or run.state in OPEN:
            await work.pause()
        await rounds(work, walk)
        for batch in [b.id for b in await work.connected.read.batches(FOLDERS, limit=2)]:
            preview = await work.connected.read.rollback_preview(batch, redo=False)
            assert (await work.ask("rollback", FOLDERS, batch=batch, token=preview.token)).startswith("done")
            again = await work.connected.read.rollback_preview(batch, redo=True)
            assert (await work.ask("redo", FOLDERS, batch=batch, token=again.token)).startswith("done")
        await rounds(work, walk)
    assert walk.missed == []
    counted = lab.rows("SELECT DISTINCT source FROM scidex_console.read_minute ORDER BY 1")
    assert {"folder", "legacy"} <= {row["source"] for row in counted}
