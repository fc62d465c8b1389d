"""Engines of the folder job killed with all their children, at any moment of whatever they are at."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.ports import AttemptFilter
from tests import warm
from tests.crash.folder_checks import assert_folders_sound, assert_verified
from tests.crash.folder_stores import Migration, migration
from tests.crash.processes import EngineProcess, engine_process
from tests.engine.bench import until_true

KILLS = int(os.environ.get("SCIDEX_RANDOM_KILLS", "6"))
"""So many kills of the sweep; a hundred of them take minutes."""


async def program(folders: Migration, *arguments: str) -> asyncio.subprocess.Process:
    """Start the program, at the head of a process group of its own."""
    return await warm.create_subprocess_exec(
        *warm.PROGRAM,
        "--config",
        str(folders.lab.config),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def assert_verify_exits_0(folders: Migration) -> None:
    """By its command."""
    process = await program(folders, "verify")
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


class Killings:
    """A migration that is killed at random, and taken back and brought on again in between."""

    def __init__(self, folders: Migration, seed: int, *, by_command: bool) -> None:
        """`by_command`: `verify` is asked in a process of its own, too."""
        self._folders = folders
        self._by_command = by_command
        self._chance = random.Random(seed)
        self.at: Counter[str] = Counter()
        """How many kills came while which kind of work was open."""

    async def kill(self) -> None:
        """One engine goes on with what the last one left, and is killed with all its children."""
        left = self._open()
        async with engine_process(self._folders.lab, "--jobs", "folders") as engine:
            await engine.holds_the_store()
            if left and self._chance.random() < 0.4:
                await asyncio.sleep(self._chance.uniform(0.0, 0.3))
                self.at["recovery"] += 1
                return
            await self._recovered(left, engine)
            maintaining = await self._something_to_do()
            await asyncio.sleep(self._chance.uniform(0.0, 0.8))
            if maintaining is not None and maintaining.returncode is None:
                self.at["maintain"] += 1
                os.killpg(maintaining.pid, signal.SIGKILL)
                await maintaining.communicate()
        self.at.update(self._open().values() or ["between batches"])

    async def _recovered(self, left: Mapping[int, str], engine: EngineProcess) -> None:
        """What the last one left is settled, and `verify` agrees, beside the engine at work."""

        def is_settled() -> bool:
            assert engine.process.returncode is None, engine.lines
            return not left.keys() & self._open().keys()

        await until_true(is_settled, "it has recovered", patience=60)
        if self._by_command:
            await assert_verify_exits_0(self._folders)
        else:
            await asyncio.to_thread(assert_verified, self._folders.lab)

    def _open(self) -> dict[int, str]:
        rows = self._folders.rows(
            "SELECT id, state FROM scidex_console.batch WHERE state IN ('prepared', 'done', 'rolling_back')"
        )
        return {row["id"]: row["state"] for row in rows}

    async def _something_to_do(self) -> asyncio.subprocess.Process | None:
        """The run goes on; a batch is taken back or brought on; the repository is repacked."""
        await go_on(self._folders)
        what = self._chance.choice(("nothing", "back", "back", "again", "maintain"))
        if what == "maintain":
            return await program(self._folders, "maintain")
        state = "cleaned" if what == "back" else "rolled_back"
        there = [batch["id"] for batch in self._folders.bench.batches() if batch["state"] == state]
        if what != "nothing" and there:
            with suppress(ConsoleError):  # the engine was quicker
                await self._folders.order(what, batch=self._chance.choice(there))
        return None


async def go_on(folders: Migration) -> None:
    """The run goes on, if it has not ended; one that has ended begins anew, with what was taken back."""
    run = folders.bench.run_state()
    if run in (RunState.PAUSED, RunState.HALTED):
        await folders.bench.submit("resume", JobName.FOLDERS)
    if run not in (None, RunState.DONE):
        return
    preview = await folders.bench.readers.read.retry_preview(JobName.FOLDERS, AttemptFilter())
    if preview.items:
        await folders.bench.submit("retry", JobName.FOLDERS, token=preview.token, reason="again")
    await folders.bench.submit("start", JobName.FOLDERS)


async def _killed_again_and_again(
    folder: Path, database_url: str, *, kills: int, seed: int, by_command: bool
) -> Counter[str]:
    """Every file is where its row says after each kill, and in the end everything is migrated."""
    async with migration(folder, database_url, 4 + kills // 3) as folders:
        killings = Killings(folders, seed, by_command=by_command)
        for _ in range(kills):
            await killings.kill()
            await asyncio.to_thread(assert_folders_sound, folders.lab, folders.before, settled=False)
        while True:  # once at least: the last kill may have come when nothing but leaving was left to do
            await go_on(folders)
            async with engine_process(folders.lab, "--jobs", "folders", "--until-idle") as engine:
                assert await engine.ended() == 0, engine.lines
            if len(folders.migrated()) >= 3 * (4 + kills // 3):
                break
        maintaining = await program(folders, "maintain")
        assert await maintaining.communicate() and maintaining.returncode == 0
        await folders.assert_sound()
        await assert_verify_exits_0(folders)
    return killings.at


async def test_migration_killed_at_random_moments_loses_and_doubles_nothing(
    tmp_path: Path, scidex_database: str
) -> None:
    at = await _killed_again_and_again(tmp_path, scidex_database, kills=2, seed=1, by_command=False)
    assert at.total() >= 2


@pytest.mark.sweep
@pytest.mark.timeout(3000)
async def test_migration_killed_many_times_at_random_moments_loses_and_doubles_nothing(
    tmp_path: Path, scidex_database: str
) -> None:
    at = await _killed_again_and_again(tmp_path, scidex_database, kills=KILLS, seed=2, by_command=True)
    print(f"killed {KILLS} times: {dict(at)}")  # shown by `pytest -s`
    assert at.total() >= KILLS
