"""Stores for the faults of the folder job, and what an operator does: a cycle, take it back, bring it on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scidex_console.domain.intents import Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.settings import load_settings
from scidex_console.wiring.reading import readers
from tests.crash.folder_checks import Before, assert_folders_sound, assert_verified, look
from tests.engine.bench import Bench, until_true
from tests.engine.folders.conftest import FolderBench
from tests.engine.folders.tiny import Script, row_of, tiny_lab
from tests.labs import Lab

SHARED = b"shared by three\n"
PHASES = ("forward", "back", "again")


def groups_lab(folder: Path, database_url: str, groups: int, **options: Any) -> Lab:
    """So many groups of three artifacts that share a file with the next group and link to one another."""
    files: dict[str, Any] = {}
    rows, links = [], []
    for group in range(groups):
        one, two, three = (f"{name}{group:03}" for name in ("a", "b", "c"))
        shared = f"datasets/shared{group // 2}.csv"
        files[shared] = SHARED + str(group // 2).encode()
        files[f"figures/{one}.png"] = one.encode()
        files[f"tools/{two}.sh"] = Script(two.encode())
        files[f"tools/{two}.html"] = f"<html>{two}".encode()
        rows += [
            row_of(one, f"figures/{one}.png", content=one.encode()),
            row_of(two, f"tools/{two}.sh", metadata={"rendered_path": f"tools/{two}.html"}),
            row_of(three, shared, content=files[shared], artifact_type="dataset"),
        ]
        links += [(one, two), (two, three)]
    return tiny_lab(folder, database_url, files, rows, links=links, **options)


@dataclass(frozen=True)
class Migration(FolderBench):
    """A store in groups of three, whose cycles, rollbacks and redos a test asks for one by one."""

    before: Before
    """The store as nobody had touched it yet."""

    @property
    def lab(self) -> Lab:
        return self.bench.lab

    def migrated(self) -> set[str]:
        """Artifacts that have their folder."""
        return {
            i["id"] for i in self.rows("SELECT id FROM artifacts WHERE migrated_to_folder_at IS NOT NULL")
        }

    def newest(self) -> int:
        """Number of the newest batch."""
        (row,) = self.rows("SELECT max(id) AS id FROM scidex_console.batch WHERE job = %s", JobName.FOLDERS)
        return int(row["id"])

    async def order(self, phase: str, *, batch: int | None = None) -> Intent:
        """Ask for a cycle, or for a batch (the newest) to be taken back or brought on again."""
        if phase == "forward":
            return await self.bench.submit("step", JobName.FOLDERS, count=1, cycle=True)
        number = batch or self.newest()
        preview = await self.bench.readers.read.rollback_preview(number, redo=phase == "again")
        action, what = ("rollback" if phase == "back" else "redo"), {"batch": number, "token": preview.token}
        return await self.bench.submit(action, JobName.FOLDERS, reason="a trial", **what)

    async def done(self, ordered: Intent) -> None:
        """Return once it is done as ordered."""
        settled = await self.bench.settled(ordered)
        assert settled.state is IntentState.DONE, settled.outcome

    async def do(self, phase: str) -> None:
        """The chosen part of a cycle's life; what comes before it was done by `lead_to`."""
        await self.done(await self.order(phase))

    async def lead_to(self, phase: str) -> None:
        """What must have been done before."""
        for earlier in PHASES[: PHASES.index(phase)]:
            await self.do(earlier)

    async def assert_sound(self, *, verified: bool = False) -> None:
        """Nothing is lost, doubled or left lying about; with `verified`, `verify` says so, too."""
        await asyncio.to_thread(assert_folders_sound, self.lab, self.before)
        if verified:
            await asyncio.to_thread(assert_verified, self.lab)

    async def to_the_end(self) -> None:
        """Everything that is due is migrated."""
        run = self.bench.run_state()
        resting = run in (RunState.PAUSED, RunState.HALTED)
        await self.ask("resume" if resting else "start")
        await until_true(
            lambda: self.bench.run_state() is RunState.DONE, "the migration is done", patience=100
        )


@asynccontextmanager
async def migration(
    folder: Path,
    database_url: str,
    groups: int,
    *,
    cycle: int = 3,
    grace: str = "20ms",
    push: bool = False,
    **options: Any,
) -> AsyncIterator[Migration]:
    """A store of so many groups, none of them migrated, whose cycles are of `cycle` artifacts."""
    lab = await asyncio.to_thread(
        groups_lab, folder, database_url, groups, cycle=cycle, grace=grace, **options
    )
    if push:
        lab.config.write_text(lab.config.read_text().replace("push = false", "push = true"))
        lab = replace(lab, settings=load_settings(lab.config, environ={}))
    async with readers(lab.settings) as connected:
        yield Migration(Bench(lab, None, connected), look(lab))  # type: ignore[arg-type]
